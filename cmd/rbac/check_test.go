package main

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/rbaccli"
)

// callsOn returns a function that runs a verb on the store at a path and returns
// the exit code, and the output of the last call.
func callsOn(t *testing.T, path string) (call func(args ...string) int, out *bytes.Buffer) {
	out = &bytes.Buffer{}
	return func(args ...string) int {
		out.Reset()
		p := rbaccli.Program{Open: openStore, OpenToAsk: openToAsk, Stdin: strings.NewReader(""), Stdout: out, Stderr: out}
		return p.Main(t.Context(), append([]string{"--store", path}, args...))
	}, out
}

// Damage that somebody else has done is found, and tables of another version
// are left alone.
func TestDamagedStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	call, out := callsOn(t, path)
	damage := func(statement string) {
		db, err := sql.Open("sqlite3", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	call("init")
	if code := call("user", "add", "amy"); code != 0 {
		t.Fatal(code, out)
	}
	damage("UPDATE rbac_users SET name = 'AMY'")
	if code := call("check"); code != 1 || !strings.Contains(out.String(), "AMY") {
		t.Errorf("check: %d %s", code, out)
	}
	for statement, want := range map[string]string{
		"DELETE FROM rbac_schema WHERE version > 1":     "have version 1",
		"INSERT INTO rbac_schema (version) VALUES (99)": "newer version",
	} {
		damage(statement)
		for _, verb := range []string{"user list", "doctor"} {
			if code := call(strings.Fields(verb)...); code != 69 || !strings.Contains(out.String(), want) {
				t.Errorf("%s: %d %s", statement, code, out)
			}
		}
	}
}

// A store that cannot be read to its end has findings, too: the exit code is 1.
func TestCheckOfACorruptFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	call, out := callsOn(t, path)
	call("init")
	if code := call("user", "add", "amy"); code != 0 {
		t.Fatal(code, out)
	}
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var page, size int64
	if err := db.QueryRow("SELECT rootpage FROM sqlite_master WHERE name = 'rbac_users'").Scan(&page); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow("PRAGMA page_size").Scan(&size); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(bytes.Repeat([]byte("x"), int(size)), (page-1)*size); err != nil {
		t.Fatal(err)
	}
	if code := call("check"); code != 1 || !strings.Contains(out.String(), "database") || !strings.Contains(out.String(), "The rest of the store could not be checked") {
		t.Errorf("check: %d %s", code, out)
	}
}
