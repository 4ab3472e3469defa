package sqlitestore

import (
	"context"
	"database/sql"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// Calls of Records find what they look for by an index and read it in order, but for
// the listings of a whole table, and a few that sort what they found.
func TestEveryLookupHasAnIndex(t *testing.T) {
	e := testEngine(t)
	var id uuid.UUID
	at := time.Unix(1, 0)
	for _, c := range []struct {
		name  string
		whole bool // reads a table from end to end
		sorts bool // sorts what it found
		f     func(r rbac.Records)
	}{
		{"User", false, false, func(r rbac.Records) { r.User(id) }},
		{"UserByName", false, false, func(r rbac.Records) { r.UserByName("a") }},
		{"UserByEmail", false, false, func(r rbac.Records) { r.UserByEmail("a") }},
		{"UserBySubject", false, false, func(r rbac.Records) { r.UserBySubject("a") }},
		{"Users", true, false, func(r rbac.Records) { drain(r.Users(rbac.UserFilter{})) }},
		{"Users after", false, false, func(r rbac.Records) { drain(r.Users(rbac.UserFilter{After: "a"})) }},
		{"Users of groups", false, true, func(r rbac.Records) { drain(r.Users(rbac.UserFilter{After: "a", Groups: []uuid.UUID{id}, At: at})) }},
		{"SetUser", false, false, func(r rbac.Records) { r.SetUser(rbac.UserRecord{}) }},
		{"DeleteUser", false, false, func(r rbac.Records) { r.DeleteUser(id) }},
		{"Sections", true, false, func(r rbac.Records) { r.Sections() }},
		{"Permissions", true, false, func(r rbac.Records) { r.Permissions() }},
		{"Permission", false, false, func(r rbac.Records) { r.Permission("a") }},
		{"Groups", true, false, func(r rbac.Records) { r.Groups() }},
		{"GroupByName", false, false, func(r rbac.Records) { r.GroupByName("a") }},
		{"DeleteGroup", false, false, func(r rbac.Records) { r.DeleteGroup(id) }},
		{"Grants", true, false, func(r rbac.Records) { r.Grants() }},
		{"GroupGrants", false, false, func(r rbac.Records) { r.GroupGrants(id) }},
		{"PermissionGrants", false, false, func(r rbac.Records) { r.PermissionGrants("a") }},
		{"Inheritances", true, false, func(r rbac.Records) { r.Inheritances() }},
		{"Juniors", false, false, func(r rbac.Records) { r.Juniors(id) }},
		{"Seniors", false, false, func(r rbac.Records) { r.Seniors(id) }},
		{"Separations", false, false, func(r rbac.Records) { r.Separations(true) }},
		{"Separation", false, false, func(r rbac.Records) { r.Separation(true, "a") }},
		{"GroupSeparations", false, false, func(r rbac.Records) { r.GroupSeparations(true, []uuid.UUID{id}) }},
		{"Declarations", true, false, func(r rbac.Records) { r.Declarations() }},
		{"Membership", false, false, func(r rbac.Records) { r.Membership(id, id, "") }},
		{"UserMemberships", false, false, func(r rbac.Records) { r.UserMemberships(id) }},
		{"GroupMembers", false, false, func(r rbac.Records) { drain(r.GroupMembers(id)) }},
		{"Ticket", false, false, func(r rbac.Records) { r.Ticket(id) }},
		{"TicketByHash", false, false, func(r rbac.Records) { r.TicketByHash(rbac.TokenHash{}) }},
		{"UserTickets", false, false, func(r rbac.Records) { r.UserTickets(id) }},
		{"GroupTickets", false, false, func(r rbac.Records) { drain(r.GroupTickets([]uuid.UUID{id})) }},
		{"IdleTickets", true, false, func(r rbac.Records) { drain(r.IdleTickets(at)) }},
		{"TouchTicket", false, false, func(r rbac.Records) { r.TouchTicket(id, at) }},
		{"DeleteTicket", false, false, func(r rbac.Records) { r.DeleteTicket(id) }},
		{"DeleteDeadTickets", false, false, func(r rbac.Records) { r.DeleteDeadTickets(at, at, 9) }},
		{"TicketValues", false, false, func(r rbac.Records) { r.TicketValues(id) }},
		{"SetTicketValue", false, false, func(r rbac.Records) { r.SetTicketValue(rbac.TicketValueRecord{}) }},
		{"DeleteTicketValue", false, false, func(r rbac.Records) { r.DeleteTicketValue(id, "a") }},
		{"Throttle", false, false, func(r rbac.Records) { r.Throttle([32]byte{}) }},
		{"DeleteIdleThrottles", false, false, func(r rbac.Records) { r.DeleteIdleThrottles(at, at, 9) }},
		{"Changes", true, false, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{})) }},
		{"DeleteChanges", false, false, func(r rbac.Records) { r.DeleteChanges(at, 9) }},
		{"Changes after", false, false, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{After: 1})) }},
		{"Changes by actor", false, false, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Actor: "a", Newest: true})) }},
		{"Changes on subject", false, true, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Subject: "a"})) }},
		{"Changes since", false, false, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Since: at})) }},
		{"Changes until", false, false, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Until: at, Newest: true})) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := planner{Dialect: e}
			sqlstore.New(&p).Update(context.Background(), func(r rbac.Records) error { c.f(r); return nil })
			if len(p.plans) == 0 {
				t.Fatal("no query was seen")
			}
			plan := strings.Join(p.plans, "\n")
			if strings.Contains(plan, "SCAN rbac_") != c.whole {
				t.Errorf("reads a table from end to end, %t wanted:\n%s", c.whole, plan)
			}
			if strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") != c.sorts {
				t.Errorf("sorts, %t wanted:\n%s", c.sorts, plan)
			}
		})
	}
}

func drain[T any](seq iter.Seq2[T, error]) {
	for range seq {
	}
}

// planner notes what SQLite means to do for each query.
type planner struct {
	sqlstore.Dialect
	plans []string
}

func (p *planner) Begin(ctx context.Context, write bool) (sqlstore.Session, error) {
	s, err := p.Dialect.Begin(ctx, write)
	return &plannedSession{s, p}, err
}

type plannedSession struct {
	sqlstore.Session
	p *planner
}

func (s *plannedSession) explain(query string, args []any) {
	err := s.Session.Query(context.Background(), func(row sqlstore.Row) error {
		var id, parent, unused int
		var detail string
		err := row.Scan(&id, &parent, &unused, &detail)
		s.p.plans = append(s.p.plans, detail)
		return err
	}, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		s.p.plans = append(s.p.plans, err.Error())
	}
}

func (s *plannedSession) Exec(ctx context.Context, query string, args ...any) (int, error) {
	s.explain(query, args)
	return s.Session.Exec(ctx, query, args...)
}

func (s *plannedSession) Query(ctx context.Context, each func(sqlstore.Row) error, query string, args ...any) error {
	s.explain(query, args)
	return s.Session.Query(ctx, each, query, args...)
}

func testEngine(t *testing.T) *engine {
	db, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "rbac.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	e := &engine{name: "sqlite", writer: db, readers: db, busy: time.Second}
	if _, err := e.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}
