package rbac_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// An importer of the core must not inherit a web server, a database layer, a
// driver or a test framework, neither directly nor through other packages.
func TestRootImportsNoHeavyPackage(t *testing.T) {
	forbidden := []string{"net/http", "database/sql", "testing", "github.com/mattn/go-sqlite3", "github.com/jackc/pgx/v5"}
	deps := goList(t, "{{.ImportPath}}")
	if !slices.Contains(deps, "github.com/rbac-go/rbac") || len(deps) < 50 {
		t.Fatalf("go list gave %d packages; the test would prove nothing", len(deps))
	}
	for _, path := range forbidden {
		if slices.Contains(deps, path) {
			t.Errorf("the root package depends on %s", path)
		}
	}
}

// Imports run one way: the root imports package store and the internal
// packages, never the reverse. Only the internal helpers of tests may import
// the root, and no package below the root may import a helper.
func TestNothingBelowImportsTheRoot(t *testing.T) {
	t.Parallel()
	const root = "github.com/rbac-go/rbac"
	helpers := []string{"memdir", "policy/policytest", "postgrestest", "processtest", "sqlfixture", "sqlplans", "sqlplans/crowd", "storefault", "tgcases"}
	var below []string
	for _, path := range goListed(t, "./store", "./internal/...") {
		name, internal := strings.CutPrefix(path, root+"/internal/")
		if internal && slices.Contains(helpers, name) {
			continue
		}
		below = append(below, name)
		for _, dep := range goListOf(t, "{{.ImportPath}}", path) {
			helper, ok := strings.CutPrefix(dep, root+"/internal/")
			if dep == root || ok && slices.Contains(helpers, helper) {
				t.Errorf("%s depends on %s", path, dep)
			}
			if path == root+"/store" && dep != path && strings.HasPrefix(dep, root) {
				t.Errorf("package store depends on %s", dep)
			}
		}
	}
	for _, name := range []string{"password", "policy", "replica", "session", "txcache"} {
		if !slices.Contains(below, name) {
			t.Fatalf("go list gave %q and not %s; the test would prove nothing", below, name)
		}
	}
	if !slices.Contains(goList(t, "{{.ImportPath}}"), root+"/store") {
		t.Fatal("the root does not depend on package store; the test would prove nothing")
	}
}

// A host that brings its own SQLite driver must not get a second driver,
// perhaps of the same name.
func TestSQLiteWithoutDriver(t *testing.T) {
	deps := goListOf(t, "{{.ImportPath}}", "github.com/rbac-go/rbac/store/sqlstore/sqlite")
	if !slices.Contains(deps, "database/sql") {
		t.Fatalf("go list gave %d packages; the test would prove nothing", len(deps))
	}
	for _, path := range []string{"github.com/mattn/go-sqlite3", "github.com/jackc/pgx/v5"} {
		if slices.Contains(deps, path) {
			t.Errorf("store/sqlstore/sqlite depends on %s", path)
		}
	}
}

// Each module with code of the root package was chosen deliberately.
func TestRootModulesAreAllowed(t *testing.T) {
	allowed := map[string]string{
		"github.com/rbac-go/rbac": "itself",
		"github.com/google/uuid":  "ids",
		"golang.org/x/crypto":     "argon2, bcrypt, scrypt",
		"golang.org/x/net":        "IDNA, for the domains of e-mail addresses; the tokens of HTTP",
		"golang.org/x/sync":       "a semaphore, for the queue of hashes",
		"golang.org/x/sys":        "CPU features, for argon2",
		"golang.org/x/text":       "PRECIS, NFC, case folding",
	}
	modules := goList(t, "{{with .Module}}{{.Path}}{{end}}")
	used := map[string]bool{}
	for _, m := range modules {
		if m != "" && allowed[m] == "" {
			t.Errorf("the root package has code from %s, which is not on the list", m)
		}
		used[m] = true
	}
	for m := range allowed {
		if !used[m] {
			t.Errorf("%s is on the list and not used", m)
		}
	}
}

// goList prints a template for each package in the build of the root package.
func goList(t *testing.T, format string) []string {
	t.Helper()
	return goListOf(t, format, "github.com/rbac-go/rbac")
}

// goListOf prints a template for each package in the build of a package.
func goListOf(t *testing.T, format, path string) []string {
	t.Helper()
	return goListed(t, "-deps", "-f", format, path)
}

// goListed returns the output of go list, sorted, each line once.
func goListed(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	return slices.Compact(lines)
}
