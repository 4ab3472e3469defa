package postgresstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// Another process hears of a change to the policy; of one to users and tickets it does not, since many come at once.
func TestHints(t *testing.T) {
	dsn := postgrestest.InSchema(t)
	s := mustOpen(t, dsn+"&pool_max_conns=1", postgresstore.Options{}) // so one Update begins when the one before has told
	beside := mustOpen(t, dsn, postgresstore.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hints := beside.Hints(ctx)
	<-hints // it listens

	heard, err := pgx.Connect(ctx, dsn)
	must(t, err)
	defer heard.Close(context.Background())
	_, err = heard.Exec(ctx, "LISTEN rbac_policy")
	must(t, err)
	user, group, ticket := uuid.New(), uuid.New(), uuid.New()
	told := func(what string, want bool, f func(rbac.Records) error) {
		t.Helper()
		must(t, s.Update(ctx, f))
		must(t, s.Update(ctx, func(rbac.Records) error { return nil }))
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
	told("a group", true, func(r rbac.Records) error {
		return errors.Join(r.AddGroup(rbac.Group{ID: group, Name: "staff"}), r.AddGrant(rbac.GrantRecord{Group: group, Permission: "*"}))
	})
	told("a user", false, func(r rbac.Records) error { return r.AddUser(rbac.UserRecord{User: rbac.User{ID: user, Name: "amy"}}) })
	told("a membership", false, func(r rbac.Records) error { return r.AddMembership(rbac.MembershipRecord{User: user, Group: group}) })
	told("a login", false, func(r rbac.Records) error { return r.AddTicket(rbac.TicketRecord{ID: ticket, User: user}) })
	told("a logout", false, func(r rbac.Records) error { return errors.Join(nextRevision(r), r.DeleteTicket(ticket)) })
	told("a grant that is gone", true, func(r rbac.Records) error { return r.DeleteGrant(group, "*") })
	told("a set", true, func(r rbac.Records) error {
		return r.AddSeparation(rbac.SeparationRecord{Name: "set", Cardinality: 2, Groups: []uuid.UUID{group}})
	})
}

// A process that listens hears again after the server was away.
func TestHintsAfterRestart(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t, "fsync=off")
	s := mustOpen(t, server.DSN(), postgresstore.Options{})
	hints := s.Hints(t.Context())
	<-hints
	server.Stop(t)
	server.Launch(t)
	<-hints // whatever was told meanwhile
	must(t, s.Update(t.Context(), func(r rbac.Records) error { return r.AddGroup(rbac.Group{ID: uuid.New(), Name: "staff"}) }))
	<-hints
}

// A pool that hands notifications to its host's own function hands none of them to this one's.
func TestHintsBesideHostsOwn(t *testing.T) {
	s := newOnPool(t, hostPool(t, func(c *pgxpool.Config) {
		c.ConnConfig.OnNotification = func(*pgconn.PgConn, *pgconn.Notification) { t.Error("the host did not listen") }
	}))
	hints := s.Hints(t.Context())
	<-hints // it listens
	must(t, s.Update(t.Context(), func(r rbac.Records) error { return r.AddGroup(rbac.Group{ID: uuid.New(), Name: "staff"}) }))
	<-hints
}
