package importer_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

var ctx = rbac.WithActor(context.Background(), "test")

// database returns a new SQLite database with the results of statements.
func database(t *testing.T, statements string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "source.db"))
	must(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Exec(statements)
	must(t, err)
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func authority(t *testing.T) *rbac.Authority {
	t.Helper()
	a, err := rbac.Open(ctx, memorystore.New(), rbac.Config{
		Logger: slog.New(slog.DiscardHandler), Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}})
	must(t, err)
	t.Cleanup(func() { a.Close() })
	return a
}

// applied applies a plan, and checks that a second time changes nothing.
func applied(t *testing.T, a *rbac.Authority, p *importer.Plan, o importer.Options) *importer.Report {
	t.Helper()
	o.Batch = 2
	before := a.Revision()
	o.DryRun = true
	rehearsal, err := p.Apply(ctx, a, o)
	must(t, err)
	if a.Revision() != before {
		t.Errorf("a dry run changed something")
	}
	o.DryRun = false
	r, err := p.Apply(ctx, a, o)
	must(t, err)
	if fmt.Sprint(rehearsal.Rows) != fmt.Sprint(r.Rows) {
		t.Errorf("a dry run reports\n%v\nand the import\n%v", lines(rehearsal.Rows), lines(r.Rows))
	}
	after := a.Revision()
	again, err := p.Apply(ctx, a, o)
	must(t, err)
	if a.Revision() != after && !refusedSomebody(r) {
		t.Errorf("a second import changed something: %v", lines(again.Rows))
	}
	for _, row := range again.Rows {
		if row.Outcome == importer.Taken && row.Table != "django_content_type" && row.Reason == "" {
			t.Errorf("taken a second time: %v", row)
		}
	}
	return r
}

// refusedSomebody reports whether a user was refused, which is tried again each
// time and undone.
func refusedSomebody(r *importer.Report) bool {
	return slices.ContainsFunc(r.Rows, func(row importer.Row) bool { return row.Outcome == importer.NotTaken && row.Column == "" })
}

func lines(rows []importer.Row) string {
	var all []string
	for _, row := range rows {
		all = append(all, row.String())
	}
	return strings.Join(all, "\n")
}

// reported compares the rows with a reason.
func reported(t *testing.T, r *importer.Report, want ...string) {
	t.Helper()
	if got := lines(r.Reported()); got != strings.Join(want, "\n") {
		t.Errorf("reported:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

// counted compares the rows of each table.
func counted(t *testing.T, r *importer.Report, want ...string) {
	t.Helper()
	var got []string
	for _, c := range r.Tables() {
		got = append(got, fmt.Sprintf("%s: %d taken, %d present, %d not", c.Table, c.Taken, c.Present, c.NotTaken))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("counted:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// proved compares the differences of a proof.
func proved(t *testing.T, a *rbac.Authority, p *importer.Plan, r *importer.Report, want ...string) {
	t.Helper()
	proof, err := p.Prove(ctx, a, r)
	must(t, err)
	var got []string
	for _, d := range proof.Differences {
		got = append(got, d.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("differences:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if proof.Equal() != (len(want) == 0) || proof.Count != len(want) {
		t.Errorf("%d differences, equal: %v", proof.Count, proof.Equal())
	}
}

// may reports whether a user has a permission in a scope; "" is everywhere.
func may(t *testing.T, a *rbac.Authority, user, permission, scope string) bool {
	t.Helper()
	id, err := a.Identity(ctx, user)
	if errors.Is(err, rbac.ErrDenied) {
		return false
	}
	must(t, err)
	if scope != "" {
		id = id.In(scope)
	}
	return id.HasPermission(permission)
}

func userOf(t *testing.T, a *rbac.Authority, name string) (u rbac.User) {
	t.Helper()
	must(t, a.View(ctx, func(tx *rbac.Tx) (err error) {
		u, err = tx.User(name)
		return err
	}))
	return u
}

// replaced replaces texts, in the order of the pairs.
func replaced(s string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
	}
	return s
}
