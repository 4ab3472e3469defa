package main

import (
	"bytes"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbaccli"
)

// A server that accepts a connection and says nothing does not hang a verb. The
// DSN may have another timeout.
func TestConnectTimeout(t *testing.T) {
	t.Setenv("PGCONNECT_TIMEOUT", "")
	for dsn, want := range map[string]time.Duration{
		"postgres://u@h/db":                    connectTimeout,
		"postgres://u@h/db?connect_timeout=33": 33 * time.Second,
	} {
		config, err := poolConfig(dsn)
		if err != nil {
			t.Fatal(err)
		}
		if have := config.ConnConfig.ConnectTimeout; have != want {
			t.Errorf("%s: %v, want %v", dsn, have, want)
		}
	}
}

// A store without WAL that another process has locked is busy, for questions and
// for changes. With an ended wait, nothing was done.
func TestLockedStore(t *testing.T) {
	defer func(before time.Duration) { busyTimeout = before }(busyTimeout)
	busyTimeout = 50 * time.Millisecond
	path := filepath.Join(t.TempDir(), "store.db")
	var out bytes.Buffer
	call := func(args ...string) int {
		out.Reset()
		p := rbaccli.Program{Open: openStore, OpenToAsk: openToAsk, Stdout: &out, Stderr: &out}
		return p.Main(t.Context(), append([]string{"--store", path}, args...))
	}
	if code := call("init"); code != 0 {
		t.Fatal(&out)
	}
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, statement := range []string{"PRAGMA journal_mode = DELETE", "BEGIN IMMEDIATE", "CREATE TABLE theirs (x)"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if code := call("user", "list"); code != 0 {
		t.Errorf("a writer that has not committed keeps nobody from asking: %d %s", code, &out)
	}
	if code := call("user", "add", "amy"); code != 75 {
		t.Errorf("change beside a writer: %d %s", code, &out)
	}
	for _, statement := range []string{"COMMIT", "BEGIN EXCLUSIVE"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if code := call("user", "list"); code != 75 {
		t.Errorf("question of a locked store: %d %s", code, &out)
	}
	if _, err := openStore(t.Context(), path, true); !errors.Is(err, rbac.ErrBusy) {
		t.Errorf("opening a locked store: %v", err)
	}
}
