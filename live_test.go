package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// Two changes of one Update are seen together: at no time does amy have the
// permission.
func TestAtomicPairs(t *testing.T) {
	grant := rbac.Grant{Group: "staff", Permission: "door.open"}
	member := rbac.Membership{User: "amy", Group: "staff"}
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		tok, narrow := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(1 << 50)})
		var seen, judged atomic.Int64
		var stop atomic.Bool
		var readers sync.WaitGroup
		for i := range 8 {
			x := []*rbac.Authority{a, b}[i%2]
			readers.Go(func() {
				for !stop.Load() {
					for _, tok := range []rbac.Token{tok, narrow} {
						if err := x.Judge(ctx, tok, rbac.HasPermission("door.open")); !errors.Is(err, rbac.ErrDenied) {
							seen.Add(1)
						}
					}
					if id, err := x.Identity(ctx, "amy"); err != nil || id.HasPermission("door.open") {
						seen.Add(1)
					}
					judged.Add(1)
				}
			})
		}
		for n := 0; n < 100 || judged.Load() < 200; n++ {
			x := []*rbac.Authority{a, b}[n%2]
			h.do(x, func(tx *rbac.Tx) error { return errors.Join(tx.RevokePermission(grant), tx.AssignUser(member)) })
			h.do(x, func(tx *rbac.Tx) error { return errors.Join(tx.DeassignUser(member), tx.GrantPermission(grant)) })
		}
		stop.Store(true)
		readers.Wait()
		if seen.Load() > 0 {
			t.Errorf("the permission was seen %d times in %d rounds", seen.Load(), judged.Load())
		}
	})
}

// After Update has returned in one Authority, the next Judge of another
// Authority sees the change, of any kind.
func TestChangesReachTheOtherAuthority(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		unlock := rbac.HasPermission("door.open")
		steps := []struct {
			rule string
			f    func(*rbac.Tx) error
			want bool
		}{
			{"nothing yet", func(*rbac.Tx) error { return nil }, false},
			{"assign", func(tx *rbac.Tx) error { return tx.AssignUser(rbac.Membership{User: "amy", Group: "staff"}) }, true},
			{"revoke", func(tx *rbac.Tx) error {
				return tx.RevokePermission(rbac.Grant{Group: "staff", Permission: "door.open"})
			}, false},
			{"grant to what is inherited", func(tx *rbac.Tx) error {
				return errors.Join(tx.AddInheritance(rbac.Inheritance{Senior: "staff", Junior: "editors"}),
					tx.GrantPermission(rbac.Grant{Group: "editors", Permission: "door.open"}))
			}, true},
			{"deassign", func(tx *rbac.Tx) error { return tx.DeassignUser(rbac.Membership{User: "amy", Group: "editors"}) }, true},
			{"disinherit", func(tx *rbac.Tx) error {
				return tx.DeleteInheritance(rbac.Inheritance{Senior: "staff", Junior: "editors"})
			}, false},
			{"assign again", func(tx *rbac.Tx) error { return tx.AssignUser(rbac.Membership{User: "amy", Group: "editors"}) }, true},
			{"delete the permission", func(tx *rbac.Tx) error { return tx.DeletePermission("door.open") }, false},
			{"and add it again", func(tx *rbac.Tx) error {
				_, err := tx.AddPermission(rbac.Permission{Name: "door.open"})
				return err
			}, false},
			{"grant", func(tx *rbac.Tx) error {
				return tx.GrantPermission(rbac.Grant{Group: "editors", Permission: "door.open"})
			}, true},
			{"delete the group", func(tx *rbac.Tx) error { return tx.DeleteGroup("editors") }, false},
		}
		for i, step := range steps {
			x, y := a, b
			if i%2 == 1 {
				x, y = b, a
			}
			h.do(x, step.f)
			for _, z := range []*rbac.Authority{y, x, h.open(rbac.Config{})} {
				if err := z.Judge(ctx, tok, unlock); (err == nil) != step.want {
					t.Errorf("after %q: got %v, want allowed %v", step.rule, err, step.want)
				}
			}
		}
	})
}

// An Update of very many changes is followed by another Authority to its end.
func TestManyChangesInOneUpdate(t *testing.T) {
	const users = 1100 // more than an Authority follows one by one
	for _, counts := range [][]int{{users}, {999}, {1000}, {1001}, {500, 500}, {500, 501}, {1, 1000}, {1000, 1}} {
		t.Run(fmt.Sprint(counts), func(t *testing.T) {
			h := newHouse(t, stores[0].open(t))
			a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
			h.do(a, func(tx *rbac.Tx) error {
				for i := range users {
					name := fmt.Sprint("user", i)
					if _, err := tx.AddUser(rbac.User{Name: name}); err != nil {
						return err
					}
					if err := tx.AssignUser(rbac.Membership{User: name, Group: "staff"}); err != nil {
						return err
					}
				}
				return nil
			})
			// the revision that b knows is small
			h.do(a, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", "") })
			for i := range users {
				if id, err := b.Identity(ctx, fmt.Sprint("user", i)); err != nil || !id.InGroup("staff") {
					t.Fatal(id, err)
				}
			}
			done := 0
			for _, n := range counts {
				h.do(a, func(tx *rbac.Tx) error {
					for range n {
						if err := tx.DeassignUser(rbac.Membership{User: fmt.Sprint("user", done), Group: "staff"}); err != nil {
							return err
						}
						done++
					}
					return nil
				})
			}
			for i := range users {
				if id, err := b.Identity(ctx, fmt.Sprint("user", i)); err != nil || id.InGroup("staff") != (i >= done) {
					t.Fatalf("user%d of %d is in staff: %v, %v", i, done, id.InGroup("staff"), err)
				}
			}
		})
	}
}

// A load of users is followed without a reload, up to as many changes as there
// are permissions. A few changes of the policy in the load do not matter, more
// than a thousand do.
func TestLoadOfUsersIsFollowed(t *testing.T) {
	const permissions = 3000
	for _, c := range []struct {
		rule          string
		users, policy int
		reload        bool
	}{
		{"fewer changes than permissions", 1400, 0, false},
		{"some of them of the policy", 900, 990, false},
		{"too many of the policy", 900, 1001, true},
		{"more than permissions", 1600, 0, true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			whole := 0
			h := newHouse(t, memorystore.New())
			a := h.office(rbac.Config{})
			h.do(a, func(tx *rbac.Tx) error {
				for i := range permissions - 5 {
					must(t, addPermission(rbac.Permission{Name: fmt.Sprint("p", i)})(tx))
				}
				return nil
			})
			h.do(a, addUser(rbac.User{Name: "zoe"})) // the revision that b knows is small
			count := sparing(&whole)
			h.store = hooked(h.store, storefault.Hooks{Call: func(c storefault.Call) error {
				if c.Update {
					return nil
				}
				return count(c.Name, c.Args)
			}})
			b := h.open(rbac.Config{})
			must(t, second(b.Identity(ctx, "zoe")))
			whole = 0
			h.do(a, func(tx *rbac.Tx) error {
				for i := range c.users {
					must(t, addUser(rbac.User{Name: fmt.Sprint("user", i)})(tx))
					must(t, assign(fmt.Sprint("user", i), "staff")(tx))
				}
				for i := range c.policy {
					must(t, grant("staff", fmt.Sprint("p", i))(tx))
				}
				return assign("zoe", "staff")(tx)
			})
			must(t, b.Poll(ctx))
			for _, name := range []string{"zoe", "user0", fmt.Sprint("user", c.users-1)} {
				if id, err := b.Identity(ctx, name); err != nil || !id.InGroup("staff") {
					t.Errorf("%s is not in staff after the load: %v", name, err)
				}
			}
			if whole > 0 != c.reload {
				t.Errorf("%d whole tables were read; want a reload: %v", whole, c.reload)
			}
		})
	}
}

// slowReader stops the first View that reads changes, after the first change,
// until advanced is closed.
type slowReader struct {
	rbac.Store
	armed     atomic.Bool
	committed func() // called once after an Update is committed, before the Authority knows
	reading   chan struct{}
	once      sync.Once
	advanced  chan struct{}
	rows      atomic.Int64
}

func (s *slowReader) Update(ctx context.Context, f func(store.Records) error) error {
	err := s.Store.Update(ctx, f)
	if s.armed.Load() {
		s.committed()
	}
	return err
}

func (s *slowReader) View(ctx context.Context, f func(store.Records) error) error {
	return s.Store.View(ctx, func(r store.Records) error { return f(slowChanges{r, s}) })
}

type slowChanges struct {
	store.Records
	s *slowReader
}

func (r slowChanges) Changes(q store.ChangeFilter) iter.Seq2[store.Change, error] {
	return func(yield func(store.Change, error) bool) {
		for c, err := range r.Records.Changes(q) {
			if r.s.armed.Load() {
				r.s.once.Do(func() { close(r.s.reading) })
				<-r.s.advanced
				r.s.rows.Add(1)
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// A follower of an Update by its own Authority stops reading the changes once
// the Authority has published their result.
func TestFollowerLeavesOwnChangesAlone(t *testing.T) {
	s := &slowReader{Store: memorystore.New(), reading: make(chan struct{}), advanced: make(chan struct{})}
	h := newHouse(t, s)
	a := h.open(rbac.Config{})
	h.do(a, addUser(rbac.User{Name: "amy"}))
	polled := make(chan error, 1)
	s.committed = func() {
		go func() { polled <- a.Poll(ctx) }()
		<-s.reading
	}
	s.armed.Store(true)
	h.do(a, func(tx *rbac.Tx) error {
		for i := range 900 {
			must(t, addUser(rbac.User{Name: fmt.Sprint("user", i)})(tx))
		}
		return nil
	})
	close(s.advanced)
	must(t, <-polled)
	if n := s.rows.Load(); n > 10 {
		t.Errorf("of 900 changes that the Authority knows, %d were read", n)
	}
}
