package rbac_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A module that imports the root package and store_sqlite gets the driver of
// another engine neither into its go.mod nor into its binary, and nothing of the
// command line.
func TestImporterInheritsNoOtherDriver(t *testing.T) {
	t.Parallel()
	repo, err := os.Getwd()
	must(t, err)
	sums, err := os.ReadFile("go.sum")
	must(t, err)
	for _, c := range []struct {
		store string
		has   bool
	}{
		{"github.com/rbac-go/rbac/store_sqlite", false},
		// without this row the test would prove nothing
		{"github.com/rbac-go/rbac/store_postgres", true},
	} {
		t.Run(filepath.Base(c.store), func(t *testing.T) {
			host := importer{t, t.TempDir()}
			host.write("go.sum", string(sums))
			host.write("go.mod", "module example.org/host\n\ngo 1.26.0\n\nrequire github.com/rbac-go/rbac v0.0.0\n\nreplace github.com/rbac-go/rbac => "+repo+"\n")
			host.write("main.go", "package main\n\nimport (\n\t_ \"github.com/rbac-go/rbac\"\n\t_ \""+c.store+"\"\n)\n\nfunc main() {}\n")
			host.run("mod", "tidy")
			mod, err := os.ReadFile(filepath.Join(host.dir, "go.mod"))
			must(t, err)
			for where, text := range map[string]string{
				"its go.mod": string(mod),
				"its binary": host.run("list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "."),
			} {
				if strings.Contains(text, "github.com/jackc/") != c.has {
					t.Errorf("pgx is in %s: %t, want %t\n%s", where, !c.has, c.has, text)
				}
				if strings.Contains(text, "alecthomas/kong") || strings.Contains(text, "x/term") || strings.Contains(text, "yaml") {
					t.Errorf("the command line is in %s\n%s", where, text)
				}
			}
		})
	}
}

// importer is the module of a program that uses rbac.
type importer struct {
	t   *testing.T
	dir string
}

func (i importer) write(name, text string) {
	i.t.Helper()
	must(i.t, os.WriteFile(filepath.Join(i.dir, name), []byte(text), 0o600))
}

func (i importer) run(args ...string) string {
	i.t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = i.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		i.t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
