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

// A ticket never has two groups active together that a dynamic set separates.
// Groups are kept in the order of names, whatever Config.Protected names, and
// scoped groups come after global groups. Ticket.Omitted lists the omitted
// groups.
func TestDynamicSeparationOmits(t *testing.T) {
	for name, c := range map[string]struct {
		protected []string
		before    func(*rbac.Tx) error
		scope     string
		active    []string // in the view of InGroup
		omitted   []string
	}{
		"by name":               {nil, all(assign("bob", "a"), assign("bob", "b"), assign("bob", "d")), "", []string{"a", "d"}, []string{"b"}},
		"protected, by name":    {[]string{"pb"}, all(assign("bob", "a"), assign("bob", "b")), "", []string{"a"}, []string{"b"}},
		"inherited":             {nil, all(assign("bob", "a"), assign("bob", "top")), "", []string{"a"}, []string{"top"}},
		"global before scoped":  {nil, all(assignIn("bob", "a", "x"), assign("bob", "b")), "x", []string{"b"}, []string{"a"}},
		"the other scope":       {nil, all(assignIn("bob", "a", "x"), assignIn("bob", "b", "y")), "y", []string{"b"}, nil},
		"one alone too many":    {nil, all(inherit("top", "a"), assign("bob", "top"), assign("bob", "c")), "", []string{"c"}, []string{"top"}},
		"what follows may come": {nil, all(assign("bob", "a"), assign("bob", "b"), assign("bob", "c")), "", []string{"a", "c"}, []string{"b"}},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				a := h.bank(rbac.Config{Protected: c.protected})
				h.do(a, all(dsd("s", 2, "a", "b"), c.before))
				token := h.issue(a, rbac.Login{User: "bob"})
				id, err := a.Identify(ctx, token)
				must(t, err)
				plain, err := a.Identity(ctx, "bob")
				must(t, err)
				if c.scope != "" {
					id, plain = id.In(c.scope), plain.In(c.scope)
				}
				for _, id := range []*rbac.Identity{id, plain} {
					if got := slices.Collect(id.Groups()); !slices.Equal(got, c.active) {
						t.Errorf("active are %q; want %q", got, c.active)
					}
				}
				ticket, err := a.Ticket(ctx, token)
				must(t, err)
				if !slices.Equal(ticket.Omitted, c.omitted) || ticket.Groups != nil {
					t.Errorf("omitted are %q; want %q", ticket.Omitted, c.omitted)
				}
			})
		})
	}
}

// The active groups of a ticket follow from the store alone: Authorities with
// different Configs agree on the active groups in decisions, listings and
// explanations.
func TestActivationIsTheSameInEveryProcess(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		configs := []rbac.Config{{}, {Protected: []string{"pb"}}, {Protected: []string{"pc", "pb"}},
			{LimitedHierarchy: true, MaxTickets: 1, IdleLimit: time.Minute, AbsoluteLimit: time.Minute, KeepChanges: time.Hour, CachedUsers: 1, CachedTickets: 1}}
		a := h.bank(configs[0])
		h.do(a, all(dsd("s", 2, "a", "b", "c"), assign("bob", "c"), assignIn("bob", "b", "x"), assignIn("bob", "a", "x")))
		token := h.issue(a, rbac.Login{User: "bob"})
		answers := func(x *rbac.Authority) string {
			id, err := x.Identify(ctx, token)
			must(t, err)
			plain, err := x.Identity(ctx, "bob")
			must(t, err)
			ticket, err := x.Ticket(ctx, token)
			must(t, err)
			groups, err := x.TicketGroups(ctx, token)
			must(t, err)
			return fmt.Sprint(slices.Collect(id.Groups()), slices.Collect(id.In("x").Groups()), slices.Collect(plain.In("x").Groups()), ticket.Omitted, groups)
		}
		h.do(a, deassign("bob", "c"))
		if want, got := "[] [a] [a] [b] [a]", answers(a); got != want {
			t.Errorf("active are %s, want %s", got, want)
		}
		for _, cfg := range configs {
			if got, want := answers(h.open(cfg)), answers(a); got != want {
				t.Errorf("with %+v active are %s, and with another Config %s", cfg, got, want)
			}
		}
	})
}

// A dynamic set, or an inheritance, that an open ticket violates is refused,
// and the error names the tickets' users.
func TestDynamicSeparationOfOpenTickets(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*rbac.Tx) error
		groups []string // of the ticket
		call   func(*rbac.Tx) error
		why    string
	}{
		"a set, all active":           {all(assign("bob", "a"), assign("bob", "b")), nil, dsd("s", 2, "a", "b"), "bob → a, bob → b"},
		"a set, both chosen":          {all(assign("bob", "a"), assign("bob", "top")), []string{"a", "b"}, dsd("s", 2, "a", "b"), "bob → a, bob → b"},
		"a set, one chosen":           {all(assign("bob", "a"), assign("bob", "b")), []string{"a"}, dsd("s", 2, "a", "b"), ""},
		"a set, apart by scope":       {all(assignIn("bob", "a", "x"), assignIn("bob", "b", "y")), nil, dsd("s", 2, "a", "b"), ""},
		"a set, together in a scope":  {all(assignIn("bob", "a", "x"), assign("bob", "b")), nil, dsd("s", 2, "a", "b"), "in x"},
		"a member":                    {all(dsd("s", 2, "a", "c"), assign("bob", "a"), assign("bob", "b")), nil, func(tx *rbac.Tx) error { return tx.AddDSDSetMember("s", "b") }, "bob → a, bob → b"},
		"a member, its other omitted": {all(dsd("s", 2, "a", "b"), assign("bob", "a"), assign("bob", "b")), nil, func(tx *rbac.Tx) error { return tx.AddDSDSetMember("s", "d") }, ""},
		"a cardinality":               {all(dsd("s", 3, "a", "b", "c"), assign("bob", "a"), assign("bob", "b")), nil, func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("s", 2) }, "bob → a, bob → b"},
		"an inheritance":              {all(dsd("s", 2, "a", "b"), assign("bob", "a"), assign("bob", "d")), nil, inherit("d", "top"), "bob → a, bob → d → top → b"},
		"an inheritance, not chosen":  {all(dsd("s", 2, "a", "b"), assign("bob", "a"), assign("bob", "d")), []string{"d"}, inherit("d", "top"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				a := h.bank(rbac.Config{})
				h.do(a, c.before)
				token := h.issue(a, rbac.Login{User: "bob", Groups: c.groups})
				separated(t, a, c.call, c.why)
				must(t, a.Logout(ctx, token))
				if c.why != "" {
					separated(t, a, c.call, "") // allowed without the ticket
				}
			})
		})
	}
}

// A login that names groups gets exactly the named groups, or nothing.
func TestDynamicSeparationOfLogins(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.bank(rbac.Config{})
		h.do(a, all(dsd("s", 2, "a", "b"), assign("bob", "a"), assign("bob", "top"), assignIn("bob", "c", "x")))
		for _, c := range []struct {
			groups []string
			err    error
			active []string
		}{
			{[]string{"a"}, nil, []string{"a"}},
			{[]string{"b"}, nil, []string{"b"}},
			{[]string{"top"}, nil, []string{"top"}},
			{[]string{"b", "top"}, nil, []string{"b", "top"}},
			{[]string{}, nil, []string{}},
			{[]string{"c"}, nil, []string{"c"}},
			{[]string{"a", "b"}, rbac.ErrSeparation, nil},
			{[]string{"a", "top"}, rbac.ErrSeparation, nil},
			{[]string{"a", "d"}, rbac.ErrDenied, nil},
			{[]string{"a", "nothing"}, rbac.ErrDenied, nil},
		} {
			token, err := a.Issue(ctx, rbac.Login{User: "bob", Groups: c.groups})
			if !errors.Is(err, c.err) {
				t.Errorf("%q: %v; want %v", c.groups, err, c.err)
			}
			if err != nil {
				continue
			}
			active, err := a.TicketGroups(ctx, token)
			if err != nil || !slices.Equal(active, c.active) {
				t.Errorf("%q: active are %q, %v", c.groups, active, err)
			}
		}
	})
}

// No Identity shows groups together that violate a dynamic set, however the
// store came to have them.
func TestDynamicSeparationOutlivesAssignments(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.bank(rbac.Config{})
		h.do(a, all(dsd("s", 2, "a", "b"), assignIn("bob", "a", "x"), assignIn("bob", "b", "y")))
		// separated by scope
		token := h.issue(a, rbac.Login{User: "bob", Groups: []string{"a", "b"}})
		h.do(a, assign("bob", "b"))
		for scope, want := range map[string][]string{"x": {"b"}, "y": {"b"}, "z": {"b"}} {
			id, err := a.Identify(ctx, token)
			must(t, err)
			if got := slices.Collect(id.In(scope).Groups()); !slices.Equal(got, want) {
				t.Errorf("active in %s are %q; want %q", scope, got, want)
			}
		}
		ticket, err := a.Ticket(ctx, token)
		if err != nil || !slices.Equal(ticket.Omitted, []string{"a"}) {
			t.Errorf("omitted are %q, %v", ticket.Omitted, err)
		}
	})
}

// A group that violates a dynamic set by itself can never be active, and
// therefore does not keep a protected permission: the last holder would be
// locked out.
func TestDynamicSeparationKeepsProtected(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.bank(rbac.Config{Protected: []string{"pc"}})
		h.do(a, all(inherit("top", "a"), inherit("top", "c"), assign("bob", "top")))
		err := a.Update(ctx, dsd("s", 2, "a", "b"))
		if !errors.Is(err, rbac.ErrProtected) {
			t.Errorf("a set under which nobody can administer: %v; want ErrProtected", err)
		}
		h.do(a, all(assign("bob", "c"), dsd("s", 2, "a", "b")))
		if err := a.Update(ctx, deassign("bob", "c")); !errors.Is(err, rbac.ErrProtected) {
			t.Errorf("the last group that can be active: %v; want ErrProtected", err)
		}
		h.do(a, func(tx *rbac.Tx) error { return tx.DeleteDSDSet("s") })
		h.do(a, deassign("bob", "c"))
		h.do(a, all(func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "top", Junior: "a"})
		}, dsd("s", 2, "a", "b")))
		if err := a.Update(ctx, inherit("top", "a")); !errors.Is(err, rbac.ErrProtected) {
			t.Errorf("an inheritance under which nobody can administer: %v; want ErrProtected", err)
		}
	})
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
