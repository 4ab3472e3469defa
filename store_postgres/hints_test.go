package postgresstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/store"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// Another process receives a hint of a policy change. Changes to users and
// tickets send no hints, since they are frequent.
func TestHints(t *testing.T) {
	dsn := postgrestest.InSchema(t)
	// one connection: an Update begins after the notification of the previous
	// Update
	s := mustOpen(t, dsn+"&pool_max_conns=1", postgresstore.Options{})
	beside := mustOpen(t, dsn, postgresstore.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hints := beside.Hints(ctx)
	<-hints // the process listens now

	heard, err := pgx.Connect(ctx, dsn)
	must(t, err)
	defer heard.Close(context.Background())
	_, err = heard.Exec(ctx, "LISTEN rbac_policy")
	must(t, err)
	user, group, ticket := uuid.New(), uuid.New(), uuid.New()
	told := func(what string, want bool, f func(store.Records) error) {
		t.Helper()
		must(t, s.Update(ctx, f))
		must(t, s.Update(ctx, func(store.Records) error { return nil }))
		postgrestest.Exec(t, dsn, "NOTIFY rbac_policy, 'end'")
		n := 0
		for {
			got, err := heard.WaitForNotification(ctx)
			must(t, err)
			if got.Payload == "end" {
				break
			}
			if got.Payload == s.SchemaOf() {
				n++
			}
		}
		if (n == 1) != want || n > 1 {
			t.Errorf("%s was told %d times, wanted: %t", what, n, want)
		}
		if want {
			<-hints
		}
	}
	told("a group", true, func(r store.Records) error {
		return errors.Join(r.PutGroup(store.Group{ID: group, Name: "staff"}), r.PutGrant(store.Grant{Group: group, Permission: "*"}))
	})
	told("a user", false, func(r store.Records) error {
		return r.AddUser(store.UserRecord{User: store.User{ID: user, Name: "amy"}})
	})
	told("a membership", false, func(r store.Records) error { return r.PutMembership(store.Membership{User: user, Group: group}) })
	told("a login", false, func(r store.Records) error { return r.AddTicket(store.Ticket{ID: ticket, User: user}) })
	told("a logout", false, func(r store.Records) error { return errors.Join(nextRevision(r), r.DeleteTicket(ticket)) })
	told("a grant that is gone", true, func(r store.Records) error { return r.DeleteGrant(group, "*") })
	told("a set", true, func(r store.Records) error {
		return r.PutSeparation(store.Separation{Name: "set", Cardinality: 2, Groups: []uuid.UUID{group}})
	})
}

// A listening process receives hints again after the server was away.
func TestHintsAfterRestart(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t, "fsync=off")
	s := mustOpen(t, server.DSN(), postgresstore.Options{})
	hints := s.Hints(t.Context())
	<-hints
	server.Stop(t)
	server.Launch(t)
	<-hints // stands for hints missed meanwhile
	must(t, s.Update(t.Context(), func(r store.Records) error { return r.PutGroup(store.Group{ID: uuid.New(), Name: "staff"}) }))
	<-hints
}

// A pool that hands notifications to its host's own function never hands the
// hints of this package to the function.
func TestHintsBesideHostsOwn(t *testing.T) {
	s := newOnPool(t, hostPool(t, func(c *pgxpool.Config) {
		c.ConnConfig.OnNotification = func(*pgconn.PgConn, *pgconn.Notification) { t.Error("the host did not listen") }
	}))
	hints := s.Hints(t.Context())
	<-hints // the process listens now
	must(t, s.Update(t.Context(), func(r store.Records) error { return r.PutGroup(store.Group{ID: uuid.New(), Name: "staff"}) }))
	<-hints
}
