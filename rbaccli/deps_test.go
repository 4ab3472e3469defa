package rbaccli

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Programs that import the library get nothing of the command line into their
// binaries, and this package gets no driver.
func TestNothingOfTheCommandLineReachesTheLibrary(t *testing.T) {
	const root = "github.com/rbac-go/rbac"
	cli := []string{root + "/rbaccli", "github.com/alecthomas/kong", "golang.org/x/term", "go.yaml.in/yaml/v3"}
	library := []string{root, root + "/httpguard", root + "/console", root + "/store_memory", root + "/store_sqlite", root + "/store_postgres"}
	for _, dep := range deps(t, library...) {
		if slices.Contains(cli, dep) {
			t.Errorf("a package of the library depends on %s", dep)
		}
	}
	own := deps(t, root+"/rbaccli")
	for _, path := range cli {
		if !slices.Contains(own, path) {
			t.Errorf("rbaccli does not depend on %s; the test would prove nothing", path)
		}
	}
	for _, store := range []string{root + "/store_sqlite", root + "/store_postgres", "github.com/mattn/go-sqlite3", "github.com/jackc/pgx/v5"} {
		if slices.Contains(own, store) {
			t.Errorf("rbaccli depends on %s", store)
		}
	}
}

func deps(t *testing.T, packages ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-deps"}, packages...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}
