package postgresstore_test

import (
	"errors"
	"testing"

	"github.com/rbac-go/rbac/internal/postgrestest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// If the server is lost during a commit, the outcome of the commit is unknown.
// The store works again when the server does.
func TestServerLostAtCommit(t *testing.T) {
	server := postgrestest.Start(t)
	s, err := commits(t, server.DSN(), longest, func(func(), func()) { server.Kill(t) })
	says(t, "the Update", err, "not known")
	if !errors.Is(err, postgresstore.ErrCommitUnknown) {
		t.Errorf("the Update: %v, want ErrCommitUnknown", err)
	}
	server.Launch(t)
	must(t, s.Update(t.Context(), nextRevision))
}
