package postgresstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// Two processes share a store behind PgBouncer, with the settings of
// docs/deployment.md: the right that one of them takes is gone in the other.
func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	for mode, parameter := range map[string]string{"session": "", "transaction": "&default_query_exec_mode=exec"} {
		t.Run(mode, func(t *testing.T) {
			server := postgrestest.Start(t, "fsync=off")
			postgrestest.Exec(t, server.DSN(), "CREATE ROLE service LOGIN; GRANT CREATE ON DATABASE postgres TO service")
			dsn := server.Bouncer(t, mode, "service")("service") + parameter
			open := func() *rbac.Authority {
				s := mustOpen(t, dsn, postgresstore.Options{Schema: "rbac"})
				a, err := rbac.Open(t.Context(), s, rbac.Config{Logger: discard, MaxStaleness: 5 * time.Second}) // the machine may be busy
				must(t, err)
				t.Cleanup(func() { a.Close() })
				return a
			}
			here, there := open(), open()
			must(t, here.Declare(t.Context(), rbac.Catalogue{Groups: []rbac.Group{{Name: "editors"}}}))
			_, err := here.CreateUser(t.Context(), rbac.User{Name: "amy"}, "seven dry umbrellas", "editors")
			must(t, err)
			token, err := here.Issue(t.Context(), rbac.Login{User: "amy"})
			must(t, err)
			must(t, there.Judge(rbac.AtLeast(t.Context(), here.Revision()), token, rbac.InGroup("editors")))

			watch := make(chan error, 1)
			go func() {
				for id, err := range there.Watch(t.Context(), token) {
					if err == nil && !id.InGroup("editors") {
						watch <- nil
						return
					}
				}
				watch <- errors.New("the watch has ended")
			}()
			must(t, here.Update(t.Context(), func(tx *rbac.Tx) error {
				return tx.DeassignUser(rbac.Membership{User: "amy", Group: "editors"})
			}))
			must(t, <-watch)
			if err := there.Judge(t.Context(), token, rbac.InGroup("editors")); !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("the other process answers %v", err)
			}
		})
	}
}
