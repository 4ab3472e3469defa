package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

func newOnPool(t *testing.T, pool *pgxpool.Pool) *postgresstore.Store {
	t.Helper()
	s, err := postgresstore.New(t.Context(), pool, postgresstore.Options{Schema: postgrestest.Schema(t)})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func setting(name, value string) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams[name] = value }
}

func mode(m pgx.QueryExecMode) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = m }
}

// A host configures its pool for its own statements. The store's statements
// work on the pool as well.
func TestPoolsOfHosts(t *testing.T) {
	t.Parallel()
	for name, set := range map[string][]func(*pgxpool.Config){
		"simple protocol":               {mode(pgx.QueryExecModeSimpleProtocol)},
		"descriptions are cached":       {mode(pgx.QueryExecModeCacheDescribe)},
		"described each time":           {mode(pgx.QueryExecModeDescribeExec)},
		"one connection":                {func(c *pgxpool.Config) { c.MaxConns = 1 }},
		"reads only":                    {setting("default_transaction_read_only", "on")},
		"serializable":                  {setting("default_transaction_isolation", "serializable"), setting("default_transaction_deferrable", "on")},
		"backslashes in texts":          {setting("standard_conforming_strings", "off")},
		"backslashes, without prepared": {setting("standard_conforming_strings", "off"), mode(pgx.QueryExecModeExec)},
		"bytes as they were once":       {setting("bytea_output", "escape")},
		"dates":                         {setting("DateStyle", "SQL, DMY"), setting("TimeZone", "Asia/Kathmandu"), setting("IntervalStyle", "sql_standard")},
		"another search_path":           {setting("search_path", "nowhere")},
		"no sequential scans":           {setting("enable_seqscan", "off")},
		"nothing waits long":            {setting("lock_timeout", "10s"), setting("statement_timeout", "10s"), setting("idle_in_transaction_session_timeout", "10s")},
		"every second time a new connection": {func(c *pgxpool.Config) {
			var n atomic.Int32
			c.PrepareConn = func(context.Context, *pgx.Conn) (bool, error) { return n.Add(1)%2 == 0, nil }
		}},
		"nothing comes back": {func(c *pgxpool.Config) { c.AfterRelease = func(*pgx.Conn) bool { return false } }},
	} {
		t.Run(name, func(t *testing.T) {
			pool := hostPool(t, func(c *pgxpool.Config) {
				for _, f := range set {
					f(c)
				}
			})
			live(t, newOnPool(t, pool)) // closing the pool waits until all connections are released
		})
	}
}

// live does a little of everything, twice, so that prepared statements are
// reused.
func live(t *testing.T, s *postgresstore.Store) {
	t.Helper()
	a, err := rbac.Open(t.Context(), s, rbac.Config{Logger: discard})
	must(t, err)
	defer a.Close()
	ctx := rbac.WithActor(t.Context(), `o'\reilly`)
	for _, name := range []string{"amy", `b\'ob`} {
		must(t, a.Update(ctx, func(tx *rbac.Tx) error {
			_, err1 := tx.AddUser(rbac.User{Name: name, DisplayName: `张\三'; --`, Email: name + "@example.com", Subject: name})
			_, err2 := tx.AddGroup(rbac.Group{Name: "of " + name})
			_, err3 := tx.AddPermission(rbac.Permission{Name: "may." + fmt.Sprint(len(name))})
			return errors.Join(err1, err2, err3, tx.GrantPermission(rbac.Grant{Group: "of " + name, Permission: "may.*"}),
				tx.AssignUser(rbac.Membership{User: name, Group: "of " + name, Scope: `org:\'42`, Until: time.Now().Add(time.Hour)}))
		}))
		token, err := a.Issue(ctx, rbac.Login{User: name})
		must(t, err)
		narrowed, err := a.Issue(ctx, rbac.Login{Subject: name, Groups: []string{"of " + name}})
		must(t, err)
		for range 2 {
			must(t, a.Judge(ctx, token, rbac.In(`org:\'42`, rbac.HasPermission("may.3"))))
			must(t, a.Judge(ctx, narrowed, rbac.In(`org:\'42`, rbac.InGroup("of "+name))))
			must(t, a.SetValue(ctx, token, "lang", `\'张`))
		}
		tickets, err := a.Tickets(ctx, name)
		if err != nil || len(tickets) != 2 {
			t.Errorf("%s has %d tickets, %v, want 2", name, len(tickets), err)
		}
		must(t, a.Logout(ctx, narrowed))
		if err := a.Judge(ctx, narrowed, rbac.NotAnonymous()); !errors.Is(err, rbac.ErrNoTicket) {
			t.Errorf("after the logout: %v", err)
		}
		must(t, a.Update(ctx, func(tx *rbac.Tx) error { return tx.DeleteGroup("of " + name) }))
		if err := a.Judge(ctx, token, rbac.In(`org:\'42`, rbac.HasPermission("may.3"))); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("without the group: %v", err)
		}
	}
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		found := 0
		for u, err := range tx.Users(rbac.UserQuery{Search: `三'`}) {
			if found++; err != nil || u.DisplayName != `张\三'; --` {
				return fmt.Errorf("found %q: %w", u.DisplayName, err)
			}
		}
		for _, err := range tx.Changes(rbac.ChangeQuery{Actor: `o'\reilly`, Newest: true}) {
			if found++; err != nil {
				return err
			}
		}
		if found < 12 {
			t.Errorf("found %d users and changes", found)
		}
		return nil
	}))
}
