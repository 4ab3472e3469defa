package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// A ticket never has two groups active together that a dynamic set separates.
// Groups are kept in the order of names, whatever Config.Protected names, and
// scoped groups come after global groups. Ticket.Omitted lists the omitted
// groups.
func TestDynamicSeparationOmits(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
