package postgresstore_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/store"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// On a standby a revocation arrives with an unknown delay, so no store accepts
// a standby as its server.
func TestStandbyIsRefused(t *testing.T) {
	server := postgrestest.Start(t, "fsync=off")
	s := mustOpen(t, server.DSN(), postgresstore.Options{})
	_, err := s.ReadHead(t.Context())
	must(t, err)
	signal := filepath.Join(server.Dir(), "data", "standby.signal")
	server.Stop(t)
	must(t, os.WriteFile(signal, nil, 0o666))
	must(t, os.Chmod(signal, 0o666)) // the server opens the file for writing
	server.Launch(t)
	// waits until the server answers
	postgrestest.Exec(t, server.DSN(), "SELECT revision FROM rbac_head")

	says(t, "View", s.View(t.Context(), func(store.Records) error { return nil }), "is a standby")
	_, _ = s.ReadHead(t.Context()) // finds the broken connection
	_, err = s.ReadHead(t.Context())
	says(t, "ReadHead", err, "is a standby")
	_, err = postgresstore.Open(t.Context(), server.DSN(), postgresstore.Options{})
	says(t, "Open", err, "is a standby")

	postgrestest.Exec(t, server.DSN(), "SELECT pg_promote()")
	must(t, s.Update(t.Context(), nextRevision))
	if h, err := s.ReadHead(t.Context()); err != nil || h.Revision != 1 {
		t.Errorf("when it is the primary: %v, %v", h, err)
	}
}

// If the server misread the bytes of texts, two programs would not find a user
// under the same name.
func TestTextsAreUTF8(t *testing.T) {
	pool := hostPool(t, setting("client_encoding", "LATIN1"))
	_, err := postgresstore.New(t.Context(), pool, postgresstore.Options{Schema: postgrestest.Schema(t)})
	says(t, "New", err, "client_encoding is LATIN1")

	turned := hostPool(t, func(c *pgxpool.Config) { c.MaxConns = 1 })
	s := newOnPool(t, turned)
	_, err = turned.Exec(t.Context(), "SET client_encoding TO LATIN1") // on the one connection
	must(t, err)
	_, err = s.Find(t.Context(), store.Sought{User: "张"}, store.Head{})
	says(t, "Find", err, "client_encoding is LATIN1")
	// on the replacement connection
	_, err = turned.Exec(t.Context(), "SET client_encoding TO LATIN1")
	must(t, err)
	must(t, s.Update(t.Context(), addSection("张")))
	if got := sections(t, mustOpen(t, postgrestest.DSN(t), postgresstore.Options{Schema: s.SchemaOf()})); len(got) != 1 || got[0] != "张" {
		t.Errorf("another program reads %q", got)
	}
}
