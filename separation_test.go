package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

func ssd(name string, n int, groups ...string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		return tx.CreateSSDSet(rbac.SeparationSet{Name: name, Groups: groups, Cardinality: n})
	}
}

func dsd(name string, n int, groups ...string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		return tx.CreateDSDSet(rbac.SeparationSet{Name: name, Groups: groups, Cardinality: n})
	}
}

// all runs steps one after another.
func all(steps ...func(*rbac.Tx) error) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		return each(steps, func(step func(*rbac.Tx) error) error { return step(tx) })
	}
}

// bank has bob and amy, and the groups a, b, c, d and top, which inherits b.
func (h *house) bank(cfg rbac.Config) *rbac.Authority {
	h.t.Helper()
	a := h.open(cfg)
	h.groups(a, map[string][]string{"a": {"pa"}, "b": {"pb"}, "c": {"pc"}, "d": nil, "top": nil})
	h.do(a, all(inherit("top", "b"), addUser(rbac.User{Name: "bob"}), addUser(rbac.User{Name: "amy"})))
	return a
}

// A static set counts the groups that a user is authorized for: inherited
// groups, groups in one scope together with the global memberships, and no
// groups after the end of a membership. A user with as many groups as the
// cardinality violates the set.
func TestStaticSeparation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(*rbac.Tx) error
		call   func(*rbac.Tx) error
		why    string // reason of the refusal; empty: allowed
	}{
		"one of two":                     {ssd("s", 2, "a", "b"), assign("bob", "a"), ""},
		"two of two":                     {all(ssd("s", 2, "a", "b"), assign("bob", "a")), assign("bob", "b"), `SSD set "s": rbac: separation of duty violated: fewer than 2 of a, b may come together: bob → a, bob → b`},
		"two of three, fewer than three": {all(ssd("s", 3, "a", "b", "c"), assign("bob", "a")), assign("bob", "b"), ""},
		"inherited":                      {all(ssd("s", 2, "a", "b"), assign("bob", "a")), assign("bob", "top"), `bob → a, bob → top → b`},
		"another user":                   {all(ssd("s", 2, "a", "b"), assign("bob", "a")), assign("amy", "b"), ""},
		"another scope":                  {all(ssd("s", 2, "a", "b"), assignIn("bob", "a", "x")), assignIn("bob", "b", "y"), ""},
		"the same scope":                 {all(ssd("s", 2, "a", "b"), assignIn("bob", "a", "x")), assignIn("bob", "b", "x"), "may come together in x: bob → a, bob → b"},
		"a scope and everywhere":         {all(ssd("s", 2, "a", "b"), assignIn("bob", "a", "x")), assign("bob", "b"), "may come together in x: bob → a, bob → b"},
		"everywhere and a scope":         {all(ssd("s", 2, "a", "b"), assign("bob", "a")), assignIn("bob", "b", "x"), "in x"},
		"a new inheritance":              {all(ssd("s", 2, "a", "b"), assign("bob", "a"), assign("bob", "d")), inherit("d", "top"), "bob → a, bob → d → top → b"},
		"two in one Update":              {all(ssd("s", 2, "a", "b"), assign("bob", "a"), assign("bob", "top")), nil, "bob → a"},
		"an inheritance of nobody":       {all(ssd("s", 2, "a", "b"), assign("bob", "a")), inherit("d", "b"), ""},
		"a set that is violated":         {all(assign("bob", "a"), assign("bob", "top")), ssd("s", 2, "a", "b"), "bob → a, bob → top → b"},
		"a set violated in a scope":      {all(assign("bob", "a"), assignIn("bob", "top", "x")), ssd("s", 2, "a", "b"), "in x"},
		"a new member":                   {all(ssd("s", 2, "a", "c"), assign("bob", "a"), assign("bob", "b")), func(tx *rbac.Tx) error { return tx.AddSSDSetMember("s", "b") }, "fewer than 2 of a, b, c may come together"},
		"a lower cardinality":            {all(ssd("s", 3, "a", "b", "c"), assign("bob", "a"), assign("bob", "b")), func(tx *rbac.Tx) error { return tx.SetSSDSetCardinality("s", 2) }, "bob → a, bob → b"},
		"several users":                  {all(assign("bob", "a"), assign("bob", "b"), assign("amy", "a"), assign("amy", "top")), ssd("s", 2, "a", "b"), "; likewise "},
		"a deleted set":                  {all(ssd("s", 2, "a", "b"), assign("bob", "a"), func(tx *rbac.Tx) error { return tx.DeleteSSDSet("s") }), assign("bob", "b"), ""},
		"a deassigned group":             {all(ssd("s", 2, "a", "b"), assign("bob", "a"), deassign("bob", "a")), assign("bob", "b"), ""},
		"a set with a senior":            {ssd("s", 2, "b", "top"), assign("bob", "top"), "bob → top → b, bob → top"},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				a := h.bank(rbac.Config{})
				if c.call == nil { // the whole case is one refused Update
					separated(t, a, c.before, c.why)
					return
				}
				h.do(a, c.before)
				separated(t, a, c.call, c.why)
			})
		})
	}
}

// separated requires that a call returns ErrSeparation with a text, or nil if
// why is empty, and that the Update can still commit.
func separated(t *testing.T, a *rbac.Authority, call func(*rbac.Tx) error, why string) {
	t.Helper()
	var got error
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		got = call(tx)
		return nil
	}))
	if why == "" {
		if got != nil {
			t.Errorf("refused: %v", got)
		}
		return
	}
	if !errors.Is(got, rbac.ErrSeparation) || !strings.Contains(got.Error(), why) {
		t.Errorf("%v; want ErrSeparation with %s", got, why)
	}
}

// A membership past its end does not count for static sets, and a new end is
// checked.
func TestStaticSeparationEnds(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.bank(rbac.Config{})
		until := func(d time.Duration) rbac.Membership {
			return rbac.Membership{User: "bob", Group: "a", Until: h.clock.Now().Add(d)}
		}
		modify := func(m rbac.Membership) func(*rbac.Tx) error {
			return func(tx *rbac.Tx) error { return tx.ModifyMembership(m) }
		}
		h.do(a, all(ssd("s", 2, "a", "b"), func(tx *rbac.Tx) error { return tx.AssignUser(until(time.Minute)) }))
		separated(t, a, assign("bob", "b"), "bob → a, bob → b")
		h.clock.Advance(time.Minute)
		separated(t, a, assign("bob", "b"), "")
		separated(t, a, modify(until(time.Minute)), "bob → a, bob → b")
		separated(t, a, modify(rbac.Membership{User: "bob", Group: "a"}), "bob → a, bob → b")
		separated(t, a, modify(until(-time.Second)), "")
	})
}

// If two Updates are fine alone and violate a set together, one Update fails.
func TestSeparationOfConcurrentUpdates(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.bank(rbac.Config{}), h.open(rbac.Config{})
		for i := range 10 {
			set, user := fmt.Sprint("s", i), fmt.Sprint("user", i)
			h.do(a, addUser(rbac.User{Name: user}))
			h.do(a, assign(user, "a"))
			var wg sync.WaitGroup
			var errs [2]error
			for n, f := range []func() error{
				func() error { return a.Update(ctx, ssd(set, 2, "a", "b")) },
				func() error { return b.Update(ctx, assign(user, "b")) },
			} {
				wg.Go(func() { errs[n] = f() })
			}
			wg.Wait()
			if failed := errors.Is(errs[0], rbac.ErrSeparation) != errors.Is(errs[1], rbac.ErrSeparation); !failed {
				t.Errorf("round %d: %v, %v; want one ErrSeparation", i, errs[0], errs[1])
			}
			h.do(a, func(tx *rbac.Tx) error {
				return errors.Join(ignore(tx.DeleteSSDSet(set)), tx.DeleteUser(user))
			})
		}
	})
}

func ignore(err error) error {
	if errors.Is(err, rbac.ErrNotFound) {
		return nil
	}
	return err
}

// A deleted group leaves the sets that name the group, unless a set would then
// have too few groups.
func TestDeleteGroupOfSeparationSet(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.bank(rbac.Config{})
		h.do(a, all(ssd("s", 2, "a", "b", "c"), dsd("t", 2, "c", "d", "top"), dsd("u", 2, "a", "b")))
		remove := func(name string) func(*rbac.Tx) error {
			return func(tx *rbac.Tx) error { return tx.DeleteGroup(name) }
		}
		separated(t, a, remove("a"), `DSD set "u": Groups: rbac: separation of duty violated: without a it has fewer groups than its cardinality, 2; delete the set first`)
		separated(t, a, remove("c"), "")
		separated(t, a, remove("b"), `SSD set "s"`)
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			s, err1 := tx.SSDSet("s")
			d, err2 := tx.DSDSet("t")
			if !slices.Equal(s.Groups, []string{"a", "b"}) || !slices.Equal(d.Groups, []string{"d", "top"}) {
				t.Errorf("left are %v and %v", s, d)
			}
			return errors.Join(err1, err2)
		}))
		h.do(a, all(func(tx *rbac.Tx) error { return tx.DeleteSSDSet("s") }, func(tx *rbac.Tx) error { return tx.DeleteDSDSet("u") }, remove("a")))
	})
}

// Each of the two kinds of sets has its own names, under the same rules.
func TestSeparationSets(t *testing.T) {
	type kind struct {
		create      func(*rbac.Tx, rbac.SeparationSet) error
		delete      func(*rbac.Tx, string) error
		add, remove func(tx *rbac.Tx, set, group string) error
		cardinality func(*rbac.Tx, string, int) error
		get         func(*rbac.Tx, string) (rbac.SeparationSet, error)
		list        func(*rbac.Tx) ([]rbac.SeparationSet, error)
	}
	for name, k := range map[string]kind{
		"static": {(*rbac.Tx).CreateSSDSet, (*rbac.Tx).DeleteSSDSet, (*rbac.Tx).AddSSDSetMember, (*rbac.Tx).DeleteSSDSetMember,
			(*rbac.Tx).SetSSDSetCardinality, (*rbac.Tx).SSDSet, (*rbac.Tx).SSDSets},
		"dynamic": {(*rbac.Tx).CreateDSDSet, (*rbac.Tx).DeleteDSDSet, (*rbac.Tx).AddDSDSetMember, (*rbac.Tx).DeleteDSDSetMember,
			(*rbac.Tx).SetDSDSetCardinality, (*rbac.Tx).DSDSet, (*rbac.Tx).DSDSets},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				a := h.bank(rbac.Config{})
				make := func(name string, n int, groups ...string) func(*rbac.Tx) error {
					return func(tx *rbac.Tx) error {
						return k.create(tx, rbac.SeparationSet{Name: name, Groups: groups, Cardinality: n})
					}
				}
				h.do(a, all(ssd("same", 2, "a", "d"), dsd("same", 2, "a", "d"), make("s", 2, "c", "a", "b")))
				for _, c := range []struct {
					call  func(*rbac.Tx) error
					err   error
					about string
				}{
					{make("s", 2, "a", "b"), rbac.ErrExists, `"s"`},
					{make("", 2, "a", "b"), rbac.ErrInvalid, "Name"},
					{make("x", 0, "a", "b"), rbac.ErrInvalid, "Cardinality"},
					{make("x", 1, "a", "b"), rbac.ErrInvalid, "Cardinality"},
					{make("x", 3, "a", "b"), rbac.ErrInvalid, "Cardinality"},
					{make("x", 2), rbac.ErrInvalid, "Cardinality"},
					{make("x", 2, "a", "a"), rbac.ErrInvalid, `"a" is named twice`},
					{make("x", 2, "a", "nothing"), rbac.ErrNotFound, `group "nothing"`},
					{func(tx *rbac.Tx) error { return k.delete(tx, "nothing") }, rbac.ErrNotFound, `set "nothing"`},
					{func(tx *rbac.Tx) error { return k.add(tx, "nothing", "a") }, rbac.ErrNotFound, `set "nothing"`},
					{func(tx *rbac.Tx) error { return k.add(tx, "s", "nothing") }, rbac.ErrNotFound, `group "nothing"`},
					{func(tx *rbac.Tx) error { return k.add(tx, "s", "a") }, rbac.ErrExists, `"a in s"`},
					{func(tx *rbac.Tx) error { return k.remove(tx, "nothing", "a") }, rbac.ErrNotFound, `set "nothing"`},
					{func(tx *rbac.Tx) error { return k.remove(tx, "s", "nothing") }, rbac.ErrNotFound, `group "nothing"`},
					{func(tx *rbac.Tx) error { return k.remove(tx, "s", "d") }, rbac.ErrNotFound, `"d in s"`},
					{func(tx *rbac.Tx) error { return k.remove(tx, "same", "d") }, rbac.ErrSeparation, `"same": Groups`},
					{func(tx *rbac.Tx) error { return k.cardinality(tx, "nothing", 2) }, rbac.ErrNotFound, `set "nothing"`},
					{func(tx *rbac.Tx) error { return k.cardinality(tx, "s", 1) }, rbac.ErrInvalid, "Cardinality"},
					{func(tx *rbac.Tx) error { return k.cardinality(tx, "s", 4) }, rbac.ErrInvalid, "Cardinality"},
					{func(tx *rbac.Tx) error { _, err := k.get(tx, "nothing"); return err }, rbac.ErrNotFound, `set "nothing"`},
				} {
					var err error
					must(t, a.Update(ctx, func(tx *rbac.Tx) error { err = c.call(tx); return nil }))
					if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.about) {
						t.Errorf("%v; want %v about %s", err, c.err, c.about)
					}
					if err := a.View(ctx, c.call); !errors.Is(err, rbac.ErrReadOnly) && !errors.Is(err, rbac.ErrNotFound) {
						t.Errorf("in a View: %v", err)
					}
				}
				h.do(a, func(tx *rbac.Tx) error {
					return errors.Join(k.add(tx, "s", "d"), k.cardinality(tx, "s", 4), k.cardinality(tx, "s", 3), k.remove(tx, "s", "a"))
				})
				must(t, a.View(ctx, func(tx *rbac.Tx) error {
					sets, err := k.list(tx)
					if got, want := fmt.Sprint(sets), "[{s [b c d] 3} {same [a d] 2}]"; got != want {
						t.Errorf("the sets are %s; want %s", got, want)
					}
					return err
				}))
				h.do(a, func(tx *rbac.Tx) error { return k.delete(tx, "s") })
				must(t, a.View(ctx, func(tx *rbac.Tx) error {
					var actions []string
					for c, err := range tx.Changes(rbac.ChangeQuery{Subject: "s"}) {
						must(t, err)
						actions = append(actions, strings.NewReplacer("SSD", "", "DSD", "").Replace(c.Action)+" "+c.Object)
					}
					want := []string{"CreateSet ", "AddSetMember d", "SetSetCardinality ", "SetSetCardinality ", "DeleteSetMember a", "DeleteSet "}
					if !slices.Equal(actions, want) {
						t.Errorf("logged are %q; want %q", actions, want)
					}
					return nil
				}))
			})
		})
	}
}

// In a limited hierarchy each group has at most one immediate junior (INCITS
// 359 section 6.2.2).
func TestLimitedHierarchy(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.bank(rbac.Config{LimitedHierarchy: true})
		for _, call := range []func(*rbac.Tx) error{
			inherit("top", "a"),
			func(tx *rbac.Tx) error { _, err := tx.AddDescendant(rbac.Group{Name: "new"}, "top"); return err },
		} {
			var err error
			must(t, a.Update(ctx, func(tx *rbac.Tx) error { err = call(tx); return nil }))
			if !errors.Is(err, rbac.ErrExists) || !strings.Contains(err.Error(), "top inherits b") {
				t.Errorf("%v; want ErrExists, which names the junior that is there", err)
			}
		}
		h.do(a, all(inherit("a", "b"), inherit("b", "c"), func(tx *rbac.Tx) error {
			_, err1 := tx.AddAscendant(rbac.Group{Name: "chief"}, "top")
			_, err2 := tx.AddDescendant(rbac.Group{Name: "bottom"}, "c")
			return errors.Join(err1, err2)
		}))
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			_, err := tx.Group("new")
			if !errors.Is(err, rbac.ErrNotFound) {
				t.Errorf("a refused AddDescendant added its group: %v", err)
			}
			return nil
		}))
	})
}

// A catalogue that gives a group a second junior is refused where the hierarchy
// is limited, and does not count as declared: otherwise the program would lack
// the inheritance, at every start.
func TestDeclareInLimitedHierarchy(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{LimitedHierarchy: true})
		groups := []rbac.Group{{Name: "top"}, {Name: "a"}, {Name: "b"}}
		one, two := rbac.Inheritance{Senior: "top", Junior: "a"}, rbac.Inheritance{Senior: "top", Junior: "b"}
		both := rbac.Catalogue{Groups: groups, Inheritances: []rbac.Inheritance{one, two}}
		for range 2 {
			if err := a.Declare(ctx, both); !errors.Is(err, rbac.ErrExists) || !strings.Contains(err.Error(), "limited") {
				t.Errorf("two juniors: %v; want ErrExists", err)
			}
			if _, err := a.Plan(ctx, both); !errors.Is(err, rbac.ErrExists) {
				t.Errorf("a plan with two juniors: %v; want ErrExists", err)
			}
		}
		h.do(a, all(addGroup(rbac.Group{Name: "top"}), addGroup(rbac.Group{Name: "a"}), inherit("top", "a")))
		// existing records are used unchanged
		must(t, a.Declare(ctx, rbac.Catalogue{Groups: groups, Inheritances: []rbac.Inheritance{one}}))
	})
}
