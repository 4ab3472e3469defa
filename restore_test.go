package rbac_test

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"sync"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// swapped is a store whose inner store is exchanged, as by a restore or a
// failover.
type swapped struct {
	mu    sync.Mutex
	inner rbac.Store
}

func (s *swapped) now() rbac.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inner
}

func (s *swapped) swap(inner rbac.Store) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inner = inner
}

func (s *swapped) View(ctx context.Context, f func(store.Records) error) error {
	return s.now().View(ctx, f)
}

func (s *swapped) Update(ctx context.Context, f func(store.Records) error) error {
	return s.now().Update(ctx, f)
}

func (s *swapped) Close() error { return s.now().Close() }

// copyStore copies everything into an empty store.
func copyStore(t *testing.T, from, to rbac.Store) {
	t.Helper()
	must(t, from.View(ctx, func(r store.Records) error {
		return to.Update(ctx, func(w store.Records) error {
			head, err := r.Head(store.NoLock)
			must(t, err)
			must(t, w.SetHead(head))
			groups, err := r.Groups()
			must(t, err)
			for _, g := range groups {
				must(t, w.PutGroup(g))
			}
			permissions, err := r.Permissions()
			must(t, err)
			for _, p := range permissions {
				must(t, w.PutPermission(p))
			}
			grants, err := r.Grants(store.GrantFilter{})
			must(t, err)
			for _, g := range grants {
				must(t, w.PutGrant(g))
			}
			inheritances, err := r.Inheritances(store.InheritanceFilter{})
			must(t, err)
			for _, i := range inheritances {
				must(t, w.AddInheritance(i))
			}
			for u, err := range r.Users(store.UserFilter{}) {
				must(t, err)
				must(t, w.AddUser(u))
				memberships, err := r.UserMemberships(u.ID)
				must(t, err)
				for _, m := range memberships {
					must(t, w.PutMembership(m))
				}
				tickets, err := r.UserTickets(u.ID)
				must(t, err)
				for _, ticket := range tickets {
					must(t, w.AddTicket(ticket))
				}
			}
			for c, err := range r.Changes(store.ChangeFilter{}) {
				must(t, err)
				must(t, w.AddChange(c))
			}
			return nil
		})
	}))
}

// A restored store, or a failover to a copy that had diverged, is noticed, and
// everything is reloaded.
func TestRestoredStore(t *testing.T) {
	allow := func(tx *rbac.Tx) error { return tx.AssignUser(rbac.Membership{User: "amy", Group: "staff"}) }
	rename := func(tx *rbac.Tx) error {
		u, err := tx.User("nora")
		u.Note += "."
		return errors.Join(err, tx.ModifyUser(u))
	}
	grant := func(tx *rbac.Tx) error {
		return tx.GrantPermission(rbac.Grant{Group: "editors", Permission: "door.open"})
	}
	type updates []func(*rbac.Tx) error
	tests := []struct {
		rule      string
		ours      updates // on the store, after copying
		theirs    updates // on the copy
		then      bool    // whether amy may open the door after the copy takes over
		hadBefore bool
	}{
		{"an older copy: lower revision", updates{allow}, nil, false, true},
		{"an older copy, by many revisions", updates{rename, rename, grant, rename}, nil, false, true},
		{"same revision, another membership", updates{rename}, updates{allow}, true, false},
		{"same revision, another policy", updates{rename}, updates{grant}, true, false},
		{"same revision, the right was lost", updates{allow}, updates{rename}, false, true},
		{"higher revision, only memberships of others since", updates{allow}, updates{rename, rename}, false, true},
		{"higher revision by far", updates{grant}, updates{rename, rename, rename, rename}, false, true},
		{"lower revision with another history", updates{rename, rename, rename}, updates{allow}, true, false},
		{"the same history", nil, updates{allow}, true, false},
	}
	eachStore(t, func(t *testing.T, h *house) {
		for _, tt := range tests {
			t.Run(tt.rule, func(t *testing.T) {
				h := h.beside(t)
				original, copied := h.store, h.another(t)
				t.Cleanup(func() { copied.Close() })
				store := &swapped{inner: original}
				h.store = store
				a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
				tok := h.issue(a, rbac.Login{User: "amy"})
				lost := h.issue(a, rbac.Login{User: "nora"})
				copyStore(t, original, copied)
				unlock := func(rule string, want bool) {
					t.Helper()
					for range 2 {
						for _, x := range []*rbac.Authority{a, b} {
							id, err := x.Identity(ctx, "amy")
							if err != nil || id.HasPermission("door.open") != want {
								t.Errorf("%s: %s: by name %v, %v", tt.rule, rule, id.HasPermission("door.open"), err)
							}
							if err := x.Judge(ctx, tok, rbac.HasPermission("door.open")); (err == nil) != want {
								t.Errorf("%s: %s: by ticket %v", tt.rule, rule, err)
							}
						}
					}
				}
				unlock("at first", false)
				checkAlive(t, tt.rule, a, alive, lost)
				for _, f := range tt.ours {
					h.do(b, f)
				}
				unlock("before", tt.hadBefore)
				other := newHouse(t, copied)
				other.clock = h.clock
				c := other.open(rbac.Config{})
				must(t, c.Logout(ctx, lost)) // a change, too
				for _, f := range tt.theirs {
					other.do(c, f)
				}
				store.swap(copied)
				unlock("restored", tt.then)
				checkAlive(t, tt.rule+": a ticket that ended there", a, dead, lost)
			})
		}
	})
}

// After a gap in the log, as left by a clean-up, everything is reloaded.
func TestGapInTheLog(t *testing.T) {
	// the Authority's revision, the next, the last
	for _, missing := range []rbac.Revision{0, 1, 2} {
		t.Run(strconv.Itoa(int(missing)), func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				store := &gap{Store: h.store}
				a := h.office(rbac.Config{})
				h.store = store
				b := h.open(rbac.Config{})
				h.do(a, func(tx *rbac.Tx) error { return tx.AssignUser(rbac.Membership{User: "amy", Group: "staff"}) })
				id, err := b.Identity(ctx, "amy")
				if err != nil || !id.InGroup("staff") {
					t.Fatal(id, err)
				}
				store.missing = h.lastChange(a).Revision + missing
				h.do(a, func(tx *rbac.Tx) error { return tx.DeassignUser(rbac.Membership{User: "amy", Group: "staff"}) })
				h.do(a, func(tx *rbac.Tx) error { return tx.SetPasswordHash("nora", someHash) })
				if id, err := b.Identity(ctx, "amy"); err != nil || id.InGroup("staff") {
					t.Errorf("a change that is not in the log, %d after ours, is not overlooked: got %v, %v", missing, id, err)
				}
			})
		})
	}
}

// gap is a store whose log lacks one revision.
type gap struct {
	rbac.Store
	missing rbac.Revision
}

func (s *gap) View(ctx context.Context, f func(store.Records) error) error {
	return s.Store.View(ctx, func(r store.Records) error { return f(gapRecords{r, s.missing}) })
}

type gapRecords struct {
	store.Records
	missing rbac.Revision
}

func (r gapRecords) Changes(q store.ChangeFilter) iter.Seq2[store.Change, error] {
	return func(yield func(store.Change, error) bool) {
		for c, err := range r.Records.Changes(q) {
			if c.Revision != r.missing && !yield(c, err) {
				return
			}
		}
	}
}
