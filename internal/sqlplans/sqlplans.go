// Package sqlplans shows tests the query plans of an engine for the calls of
// store.Records.
package sqlplans

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// Explain returns the plan of the engine for a statement.
type Explain func(tx sqlstore.Session, query string, args []any) (string, error)

// Of returns the plans of all statements of a call. The call has no effect.
func Of(ctx context.Context, d sqlstore.Dialect, explain Explain, c Call) ([]string, error) {
	p := &planner{Dialect: d, explain: explain}
	s, err := sqlstore.New(p), error(nil)
	if c.Find != (store.Sought{}) {
		_, err = sqlstore.FindOn(ctx, s, func(ctx context.Context) (sqlstore.Session, error) { return p.Begin(ctx, false) }, c.Find)
	} else {
		err = s.Update(ctx, func(r store.Records) error {
			c.Do(r)
			return errEnough
		})
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	if p.failed == nil && len(p.plans) == 0 {
		p.failed = errors.New("no statement was seen")
	}
	return p.plans, errors.Join(p.failed, err)
}

var errEnough = errors.New("the plans are known")

// Missing returns the methods of store.Records without an entry in Calls, and
// the fields of their filters that no entry sets. Methods that only add records
// are left out, since they look nothing up.
func Missing() (names []string) {
	known := map[string]bool{}
	for _, c := range Calls {
		method, fields, _ := strings.Cut(c.Name, " ")
		known[method] = true
		for _, field := range strings.Fields(fields) {
			known[method+" "+field] = true
		}
	}
	records := reflect.TypeFor[store.Records]()
	for i := range records.NumMethod() {
		m := records.Method(i)
		if strings.HasPrefix(m.Name, "Add") {
			continue
		}
		for _, name := range append(filterFields(m), m.Name) {
			if !known[name] {
				names = append(names, name)
			}
		}
	}
	return names
}

// filterFields returns the fields of the filters or keys that a method takes,
// after the name of the method.
func filterFields(m reflect.Method) (names []string) {
	for in := range m.Type.Ins() {
		if !strings.HasSuffix(in.Name(), "Filter") && !strings.HasSuffix(in.Name(), "Key") {
			continue
		}
		for _, f := range reflect.VisibleFields(in) {
			names = append(names, m.Name+" "+f.Name)
		}
	}
	return names
}

// planner asks for the plan of each statement before running the statement.
type planner struct {
	sqlstore.Dialect
	explain Explain
	plans   []string
	failed  error
}

func (p *planner) Begin(ctx context.Context, write bool) (sqlstore.Session, error) {
	tx, err := p.Dialect.Begin(ctx, write)
	return &session{tx, p}, err
}

type session struct {
	sqlstore.Session
	p *planner
}

func (s *session) ask(query string, args []any) {
	plan, err := s.p.explain(s.Session, query, args)
	s.p.plans = append(s.p.plans, plan)
	s.p.failed = errors.Join(s.p.failed, err)
}

func (s *session) Exec(ctx context.Context, query string, args ...any) (int, error) {
	s.ask(query, args)
	return s.Session.Exec(ctx, query, args...)
}

func (s *session) Query(ctx context.Context, each func(sqlstore.Row) error, query string, args ...any) error {
	s.ask(query, args)
	return s.Session.Query(ctx, each, query, args...)
}
