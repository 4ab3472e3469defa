package policyfile

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/memdir"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// house is an Authority on a store of its own, with a fake clock.
type house struct {
	*rbac.Authority
	t   *testing.T
	now *clock
}

// clock only moves when a test says so. The Authority asks from goroutines of
// its own.
type clock struct {
	sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.Lock(); defer c.Unlock(); return c.now }

func (c *clock) pass(d time.Duration) { c.Lock(); defer c.Unlock(); c.now = c.now.Add(d) }

// stores are the kinds of stores that most tests run on.
var stores = map[string]func(*testing.T) rbac.Store{
	"memory": func(*testing.T) rbac.Store { return memorystore.New() },
	"SQLite": func(t *testing.T) rbac.Store {
		s, err := sqlitestore.Open(t.Context(), filepath.Join(memdir.New(t), "rbac.db"), sqlitestore.Options{})
		must(t, err)
		return s
	},
}

func eachStore(t *testing.T, f func(t *testing.T, open func() *house)) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			f(t, func() *house { return newHouse(t, open(t), rbac.Config{}) })
		})
	}
}

// inMemory opens a house on a new store in memory.
func inMemory(t *testing.T) *house { return newHouse(t, memorystore.New(), rbac.Config{}) }

func newHouse(t *testing.T, s rbac.Store, cfg rbac.Config) *house {
	h := &house{t: t, now: &clock{now: time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)}}
	cfg.Clock, cfg.Logger, cfg.MaxStaleness = h.now.Now, slog.New(slog.DiscardHandler), time.Hour
	var err error
	h.Authority, err = rbac.Open(t.Context(), s, cfg)
	must(t, err)
	t.Cleanup(func() { h.Close(); s.Close() })
	return h
}

func (h *house) ctx() context.Context { return h.t.Context() }

// do makes changes, and time passes.
func (h *house) do(f func(tx *rbac.Tx) error) {
	h.t.Helper()
	h.now.pass(time.Second)
	must(h.t, h.Update(h.ctx(), f))
}

// read reads a policy file.
func read(t *testing.T, text string) *File {
	t.Helper()
	f, err := Read("policy.yaml", []byte(text))
	must(t, err)
	return f
}

// apply applies a policy file, and returns the steps.
func (h *house) apply(text string, prune bool) string {
	h.t.Helper()
	h.now.pass(time.Second)
	steps, err := Apply(h.ctx(), h.Authority, read(h.t, text), prune)
	must(h.t, err)
	return (&Plan{Steps: steps}).String()
}

// plan plans a policy file.
func (h *house) plan(text string, prune bool) *Plan {
	h.t.Helper()
	p, err := NewPlan(h.ctx(), h.Authority, read(h.t, text), prune)
	must(h.t, err)
	return p
}

// export returns the policy as YAML.
func (h *house) export(memberships bool) string {
	h.t.Helper()
	var text []byte
	must(h.t, h.View(h.ctx(), func(tx *rbac.Tx) error {
		f, err := Export(tx, ExportOptions{Name: "blog", Memberships: memberships})
		if err != nil {
			return err
		}
		text, err = f.YAML()
		return err
	}))
	return string(text)
}

// users adds users without groups.
func (h *house) users(names ...string) {
	h.t.Helper()
	h.do(func(tx *rbac.Tx) error {
		for _, name := range names {
			if _, err := tx.AddUser(rbac.User{Name: name}); err != nil {
				return err
			}
		}
		return nil
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%v\nwant:\n%v", what, got, want)
	}
}

// blog is a policy with records of every kind, in the form that YAML writes,
// but for the memberships.
const blog = `name: blog
sections:
  - name: posts
    title: Posts
    position: 1
permissions:
  - name: invoice.pay
    object: invoice
    operation: pay
  - name: post.edit
    title: Edit posts
    description: Change the text of any post
    section: posts
    position: 2
  - name: post.read
    section: posts
  - name: rbac.administer
    title: Administer
    description: Administer users, groups and permissions.
groups:
  - name: admins
    grants:
      - "*"
  - name: auditors
  - name: editors
    display_name: Editors
    note: "Everybody who writes: staff, too"
    inherits:
      - readers
    grants:
      - permission: post.*
        note: until the new year
      - post.edit
  - name: payers
    grants:
      - invoice.pay
  - name: readers
    grants:
      - post.read
separations:
  - name: desk
    groups:
      - editors
      - payers
    cardinality: 2
    dynamic: true
  - name: money
    groups:
      - auditors
      - payers
    cardinality: 2
delegations:
  - group: editors
    assign:
      - editors
      - readers
    users: true
    note: for teams
`

// members are the memberships for blog.
const members = `memberships:
  - user: amy
    group: admins
  - user: bob
    group: editors
    scope: org:1
    note: trial
    until: "2030-06-01T00:00:00Z"
  - user: cyd
    group: payers
    source: idp
`

// deleteChanges deletes all changes before a time but those of the last
// revision.
func deleteChanges(t *testing.T, s store.Store, before time.Time) error {
	return s.Update(t.Context(), func(r store.Records) error {
		return second(r.DeleteChanges(before, 1000))
	})
}
