package main

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rbac-go/rbac/importer/source"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/rbaccli"
)

// Under the name rbac, the program of the tests is the command.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "rbac" {
		main()
	}
	os.Exit(postgrestest.Main(m))
}

// Each script in testdata/script runs over each kind of store. A script calls
//
//	rbac ARGS…       which must succeed (! rbac: fail)
//	code N ARGS…     which must end with the exit code N
//	keyid NAME       which puts the id in the last output into $NAME
//	type TEXT        which is the standard input of the calls that follow
//	database DB SQL  which makes the SQLite file DB by a file of statements
//	mode MODE FILE   which changes the permissions of a file
//
// The condition [sqlite] selects the lines for one kind of store.
//
// All calls run in this process: another process for each costs far more than
// the call.
func TestScripts(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		runScripts(t, true, func(env *testscript.Env) string { return env.Getenv("WORK") + "/store.db" })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		if !postgrestest.Found() {
			t.Skip("there is no PostgreSQL")
		}
		runScripts(t, false, func(*testscript.Env) string { return inURL(postgrestest.InSchema(t)) })
	})
}

// inURL returns a DSN as a URL, the only form that the command takes.
func inURL(dsn string) string {
	if u, err := url.Parse(dsn); err != nil || u.Scheme == "" {
		panic("the DSN of the test server is no URL")
	}
	return dsn
}

var id = regexp.MustCompile(`"id": "(.{36})"`)

func runScripts(t *testing.T, sqlite bool, store func(*testscript.Env) string) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("RBAC_STORE", store(env))
			return nil
		},
		Condition: func(name string) (bool, error) { return name == "sqlite" && sqlite, nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"rbac": func(ts *testscript.TestScript, neg bool, args []string) {
				if code := run(t, ts, args); neg == (code == 0) {
					ts.Fatalf("the exit code is %d", code)
				}
			},
			"code": func(ts *testscript.TestScript, neg bool, args []string) {
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				if code := run(t, ts, args[1:]); code != want {
					ts.Fatalf("the exit code is %d, want %d", code, want)
				}
			},
			"keyid": func(ts *testscript.TestScript, neg bool, args []string) {
				ts.Setenv(args[0], id.FindStringSubmatch(ts.ReadFile("stdout"))[1])
			},
			"type": func(ts *testscript.TestScript, neg bool, args []string) {
				ts.Setenv("STDIN", strings.Join(args, " "))
			},
			"database": func(ts *testscript.TestScript, neg bool, args []string) {
				db, err := sql.Open("sqlite3", ts.MkAbs(args[0]))
				ts.Check(err)
				defer db.Close()
				_, err = db.Exec(ts.ReadFile(args[1]))
				ts.Check(err)
			},
			"mode": func(ts *testscript.TestScript, neg bool, args []string) {
				mode, err := strconv.ParseUint(args[0], 8, 32)
				ts.Check(err)
				ts.Check(os.Chmod(ts.MkAbs(args[1]), os.FileMode(mode)))
			},
		},
	})
}

func run(t *testing.T, ts *testscript.TestScript, args []string) int {
	return rbaccli.Program{
		Open:      openStore,
		OpenToAsk: openToAsk,
		Source:    source.Open,
		Stdin:     strings.NewReader(ts.Getenv("STDIN")),
		Stdout:    ts.Stdout(),
		Stderr:    ts.Stderr(),
		Getenv:    ts.Getenv,
	}.Main(t.Context(), args)
}
