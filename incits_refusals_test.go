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
	"github.com/rbac-go/rbac/internal/processtest"
	"github.com/rbac-go/rbac/store"
)

// records prints every table that a refused call could have changed, and the
// head.
func records(t *testing.T, s rbac.Store) string {
	t.Helper()
	var b strings.Builder
	note := func(v any, err error) {
		must(t, err)
		fmt.Fprintf(&b, "%+v\n", v)
	}
	must(t, s.View(ctx, func(r store.Records) error {
		b.Reset()
		for _, read := range []func() (any, error){
			func() (any, error) { return r.Head(store.NoLock) }, func() (any, error) { return r.Groups() },
			func() (any, error) { return r.Permissions() }, func() (any, error) { return r.Grants(store.GrantFilter{}) },
			func() (any, error) { return r.Inheritances(store.InheritanceFilter{}) },
			func() (any, error) { return r.Separations(store.SeparationFilter{}) }, func() (any, error) { return r.Separations(store.SeparationFilter{Dynamic: true}) },
		} {
			note(read())
		}
		for u, err := range r.Users(store.UserFilter{}) {
			note(u, err)
			memberships, err := r.UserMemberships(u.ID)
			note(memberships, err)
			tickets, err := r.UserTickets(u.ID)
			note(tickets, err)
		}
		for c, err := range r.Changes(store.ChangeFilter{}) {
			note(fmt.Sprint(c.Revision, c.Seq, c.Action), err)
		}
		return nil
	}))
	return b.String()
}

// court is a bank with sets of both kinds. bob is in c, and was in b until an
// hour ago. amy is in a and lone. Both users are in chief, which inherits
// clerk. In the open ticket of amy all groups are active; in the narrowed
// ticket only a is active.
func (h *house) court() (a *rbac.Authority, open, narrowed rbac.Token) {
	h.t.Helper()
	a = h.bank(rbac.Config{LimitedHierarchy: true})
	h.do(a, all(
		addGroup(rbac.Group{Name: "lone"}), assign("bob", "c"), assign("amy", "a"), assign("amy", "lone"),
		func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "bob", Group: "b", Until: h.clock.Now().Add(-time.Hour)})
		},
		addGroup(rbac.Group{Name: "clerk"}), ascendant("chief", "clerk"), assign("bob", "chief"), assign("amy", "chief"),
		ssd("two", 2, "b", "c"), ssd("wide", 2, "a", "c"), ssd("three", 3, "a", "c", "lone"),
		dsd("two", 2, "a", "d"), dsd("three", 3, "a", "c", "lone"),
	))
	return a, h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "amy", Groups: []string{"a"}})
}

func ascendant(g, junior string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error { _, err := tx.AddAscendant(rbac.Group{Name: g}, junior); return err }
}

func descendant(g, senior string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error { _, err := tx.AddDescendant(rbac.Group{Name: g}, senior); return err }
}

// courtRefusals are asked in a court.
var courtRefusals = []struct {
	rule string
	call func(*rbac.Tx) error
	kind error
}{
	{"a static set counts inherited groups", assign("bob", "top"), rbac.ErrSeparation},
	{"a static set counts a scope with what is everywhere", assignIn("bob", "b", "x"), rbac.ErrSeparation},
	{"a new end makes a membership count", func(tx *rbac.Tx) error { return tx.ModifyMembership(rbac.Membership{User: "bob", Group: "b"}) }, rbac.ErrSeparation},
	{"an ended membership is there", assign("bob", "b"), rbac.ErrExists},
	{"an inheritance counts for static sets", inherit("c", "top"), rbac.ErrSeparation},
	{"an inheritance counts for open tickets", inherit("a", "d"), rbac.ErrSeparation},
	{"an inheritance counts for users of the senior's seniors", inherit("clerk", "top"), rbac.ErrSeparation},
	{"an inheritance counts for tickets with the senior's seniors", inherit("clerk", "d"), rbac.ErrSeparation},
	{"a limited hierarchy has one junior", inherit("top", "a"), rbac.ErrExists},
	{"no cycle", inherit("b", "top"), rbac.ErrCycle},
	{"no group inherits itself", inherit("lone", "lone"), rbac.ErrCycle},
	{"an inheritance is made once", inherit("top", "b"), rbac.ErrExists},
	{"a senior is a group", inherit("nothing", "b"), rbac.ErrNotFound},
	{"a junior is a group", inherit("a", "nothing"), rbac.ErrNotFound},
	{"a new senior is new", ascendant("a", "b"), rbac.ErrExists},
	{"a new senior has a name", ascendant("", "b"), rbac.ErrInvalid},
	{"a new senior needs a junior", ascendant("new", "nothing"), rbac.ErrNotFound},
	{"a new group is not its own junior", ascendant("new", "new"), rbac.ErrNotFound},
	{"a new junior is new", descendant("a", "b"), rbac.ErrExists},
	{"a new junior has a name", descendant("", "b"), rbac.ErrInvalid},
	{"a new junior needs a senior", descendant("new", "nothing"), rbac.ErrNotFound},
	{"a new junior is the only one in a limited hierarchy", descendant("new", "top"), rbac.ErrExists},

	{"a static set holds from the beginning", ssd("x", 2, "a", "lone"), rbac.ErrSeparation},
	{"a static set holds with a new member", func(tx *rbac.Tx) error { return tx.AddSSDSetMember("wide", "lone") }, rbac.ErrSeparation},
	{"a static set holds with less", func(tx *rbac.Tx) error { return tx.SetSSDSetCardinality("three", 2) }, rbac.ErrSeparation},
	{"a static set keeps enough members", func(tx *rbac.Tx) error { return tx.DeleteSSDSetMember("two", "b") }, rbac.ErrSeparation},
	{"a static set is made once", ssd("two", 2, "a", "d"), rbac.ErrExists},
	{"a member is added once", func(tx *rbac.Tx) error { return tx.AddSSDSetMember("two", "b") }, rbac.ErrExists},
	{"only a member leaves", func(tx *rbac.Tx) error { return tx.DeleteSSDSetMember("three", "b") }, rbac.ErrNotFound},
	{"a dynamic set holds from the beginning", dsd("x", 2, "a", "lone"), rbac.ErrSeparation},
	{"a dynamic set holds with a new member", func(tx *rbac.Tx) error { return tx.AddDSDSetMember("two", "lone") }, rbac.ErrSeparation},
	{"a dynamic set holds with less", func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("three", 2) }, rbac.ErrSeparation},
	{"a dynamic set keeps enough members", func(tx *rbac.Tx) error { return tx.DeleteDSDSetMember("two", "d") }, rbac.ErrSeparation},
	{"a group is needed by its sets", func(tx *rbac.Tx) error { return tx.DeleteGroup("d") }, rbac.ErrSeparation},
	{"a set without a name", dsd("", 2, "a", "b"), rbac.ErrInvalid},
	{"a set without groups", dsd("x", 2), rbac.ErrInvalid},
	{"a cardinality of 0", dsd("x", 0, "a", "b"), rbac.ErrInvalid},
	{"a cardinality of 1", ssd("x", 1, "a", "b"), rbac.ErrInvalid},
	{"a cardinality below 0", ssd("x", -2, "a", "b"), rbac.ErrInvalid},
	{"a cardinality above the groups", ssd("x", 3, "a", "b"), rbac.ErrInvalid},
	{"a cardinality set above the groups", func(tx *rbac.Tx) error { return tx.SetSSDSetCardinality("two", 3) }, rbac.ErrInvalid},
	{"a cardinality set to 1", func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("two", 1) }, rbac.ErrInvalid},
	{"a group named twice", ssd("x", 2, "a", "b", "a"), rbac.ErrInvalid},
	{"a set of an unknown group", dsd("x", 2, "a", "nothing"), rbac.ErrNotFound},
}

// A call that is refused for a separation set or a hierarchy changes no record
// and no revision, alone or in an Update that goes on, and later calls of the
// Update are committed.
func TestRefusedByTheStandard(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a, _, _ := h.court()
		before := records(t, h.store)
		for _, r := range courtRefusals {
			if err := a.Update(ctx, r.call); !errors.Is(err, r.kind) {
				t.Errorf("%s: %v; want %v", r.rule, err, r.kind)
			}
			must(t, a.Update(ctx, func(tx *rbac.Tx) error { return ignoreKind(r.call(tx), r.kind) }))
			if after := records(t, h.store); after != before {
				t.Fatalf("%s: refused, and changed\n%s\nto\n%s", r.rule, before, after)
			}
		}
		for n, r := range courtRefusals {
			name := fmt.Sprint("after", n)
			h.do(a, all(func(tx *rbac.Tx) error { return ignoreKind(r.call(tx), r.kind) }, addGroup(rbac.Group{Name: name})))
			must(t, a.View(ctx, func(tx *rbac.Tx) error { _, err := tx.Group(name); return err }))
		}
	})
}

func ignoreKind(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

// A refused call on a ticket, or for a ticket, leaves all tickets unchanged.
func TestRefusedForTickets(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, open, narrowed := h.court()
		h.do(a, all(assign("amy", "d"), addUser(rbac.User{Name: "cid"}), assignIn("cid", "a", "x"), assignIn("cid", "d", "x")))
		issue := func(user string, groups ...string) error {
			_, err := a.Issue(ctx, rbac.Login{User: user, Groups: groups})
			return err
		}
		before := records(t, h.store)
		for rule, c := range map[string]struct{ err, kind error }{
			"a login names groups of a dynamic set":     {issue("amy", "a", "d"), rbac.ErrSeparation},
			"a login's groups meet in a scope alone":    {issue("cid", "a", "d"), rbac.ErrSeparation},
			"a login names what it may not":             {issue("amy", "a", "b"), rbac.ErrDenied},
			"a login names an unknown group":            {issue("amy", "nothing"), rbac.ErrDenied},
			"a login of nobody":                         {issue("nobody"), rbac.ErrNotFound},
			"a group more violates a dynamic set":       {a.AddActiveGroup(ctx, narrowed, "d"), rbac.ErrSeparation},
			"a group more is active already":            {a.AddActiveGroup(ctx, open, "lone"), rbac.ErrExists},
			"a group more is not authorized":            {a.AddActiveGroup(ctx, open, "b"), rbac.ErrDenied},
			"a group more is unknown":                   {a.AddActiveGroup(ctx, open, "nothing"), rbac.ErrNotFound},
			"a group less is not active":                {a.DropActiveGroup(ctx, narrowed, "lone"), rbac.ErrNotFound},
			"a group less is left out by the set":       {a.DropActiveGroup(ctx, open, "d"), rbac.ErrNotFound},
			"other groups violate a dynamic set":        {a.SetActiveGroups(ctx, open, []string{"d", "a"}), rbac.ErrSeparation},
			"one of the other groups is not authorized": {a.SetActiveGroups(ctx, open, []string{"lone", "b"}), rbac.ErrDenied},
		} {
			if !errors.Is(c.err, c.kind) {
				t.Errorf("%s: %v; want %v", rule, c.err, c.kind)
			}
		}
		if after := records(t, h.store); after != before {
			t.Errorf("refused, and changed\n%s\nto\n%s", before, after)
		}
	})
}

// A right that is taken away while a ticket is open, and then given back,
// returns to a ticket that follows its user, but not to a narrowed ticket.
func TestTakenAndGivenBack(t *testing.T) {
	t.Parallel()
	for rule, c := range map[string]struct {
		take, give func(*rbac.Tx) error // nil: time passes
		follows    bool
	}{
		"a group deleted and added": {
			func(tx *rbac.Tx) error { return tx.DeleteGroup("a") }, all(addGroup(rbac.Group{Name: "a"}), assign("bob", "a")), true},
		"a membership removed and made": {deassign("bob", "a"), assign("bob", "a"), true},
		"a membership that ended gets a new end": {
			nil, func(tx *rbac.Tx) error { return tx.ModifyMembership(rbac.Membership{User: "bob", Group: "a"}) }, true},
		"a user deleted and added": {
			func(tx *rbac.Tx) error { return tx.DeleteUser("bob") }, all(addUser(rbac.User{Name: "bob"}), assign("bob", "a")), false},
	} {
		t.Run(rule, func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				a := h.bank(rbac.Config{})
				h.do(a, func(tx *rbac.Tx) error {
					return tx.AssignUser(rbac.Membership{User: "bob", Group: "a", Until: h.clock.Now().Add(time.Minute)})
				})
				open, narrowed := h.issue(a, rbac.Login{User: "bob"}), h.issue(a, rbac.Login{User: "bob", Groups: []string{"a"}})
				expect := func(when string, token rbac.Token, want bool) {
					t.Helper()
					if id, _ := a.Identify(ctx, token); id.InGroup("a") != want {
						t.Errorf("%s: in a is %v: %v", when, !want, slices.Collect(id.Groups()))
					}
				}
				expect("before, open", open, true)
				expect("before, narrowed", narrowed, true)
				if c.take == nil {
					h.clock.Advance(time.Minute)
				} else {
					h.do(a, c.take)
				}
				expect("taken, open", open, false)
				expect("taken, narrowed", narrowed, false)
				if ticket, err := a.Ticket(ctx, narrowed); err == nil && c.take != nil && len(ticket.Groups) > 0 {
					t.Errorf("the ticket still lists %q", ticket.Groups)
				}
				h.do(a, c.give)
				expect("given back, open", open, c.follows)
				expect("given back, narrowed", narrowed, false)
			})
		})
	}
}

// A dynamic set is about open tickets: a ticket that ended, in any way, does
// not prevent the set.
func TestEndedTicketsViolateNothing(t *testing.T) {
	t.Parallel()
	for rule, end := range map[string]func(h *house, a *rbac.Authority, token rbac.Token) error{
		"logged out": func(_ *house, a *rbac.Authority, token rbac.Token) error { return a.Logout(ctx, token) },
		"expired":    func(h *house, _ *rbac.Authority, _ rbac.Token) error { h.clock.Advance(time.Minute); return nil },
		"idle":       func(h *house, _ *rbac.Authority, _ rbac.Token) error { h.clock.Advance(6 * time.Minute); return nil },
		"disabled": func(_ *house, a *rbac.Authority, _ rbac.Token) error {
			return a.Update(ctx, modifyUser("bob", func(u *rbac.User) { u.Disabled = true }))
		},
	} {
		t.Run(rule, func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				a := h.bank(rbac.Config{IdleLimit: 5 * time.Minute})
				h.do(a, all(assign("bob", "a"), assign("bob", "b"), assign("bob", "d"), dsd("three", 3, "a", "d", "c"), dsd("far", 2, "c", "top")))
				l := rbac.Login{User: "bob"}
				if rule == "expired" {
					l.Expires = h.clock.Now().Add(time.Minute)
				}
				token := h.issue(a, l)
				tighter := map[string]func(*rbac.Tx) error{
					"a new set":           dsd("s", 2, "a", "b"),
					"a new member":        func(tx *rbac.Tx) error { return tx.AddDSDSetMember("far", "a") },
					"a lower cardinality": func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("three", 2) },
				}
				// d and a together would violate far with a as its member
				h.do(a, all(inherit("d", "top")))
				for name, call := range tighter {
					if err := a.Update(ctx, call); !errors.Is(err, rbac.ErrSeparation) {
						t.Errorf("%s while the ticket is open: %v; want ErrSeparation", name, err)
					}
				}
				must(t, end(h, a, token))
				for name, call := range tighter {
					if err := a.Update(ctx, call); err != nil {
						t.Errorf("%s when the ticket has ended: %v", name, err)
					}
				}
			})
		})
	}
}

// If two calls are fine alone but together violate a set, and two Authorities
// make both calls at once, one call is refused.
//
// RBAC_ROUNDS sets the number of tries for each pair on each store; in CI 20.
func TestOneOfTwoIsRefused(t *testing.T) {
	t.Parallel()
	update := func(f func(*rbac.Tx) error) func(*rbac.Authority, rbac.Token) error {
		return func(a *rbac.Authority, _ rbac.Token) error { return a.Update(ctx, f) }
	}
	activate := func(group string) func(*rbac.Authority, rbac.Token) error {
		return func(a *rbac.Authority, token rbac.Token) error { return a.AddActiveGroup(ctx, token, group) }
	}
	issue := func(groups ...string) func(*rbac.Authority, rbac.Token) error {
		return func(a *rbac.Authority, _ rbac.Token) error {
			_, err := a.Issue(ctx, rbac.Login{User: "bob", Groups: groups})
			return err
		}
	}
	nothing := all()
	for rule, c := range map[string]struct {
		before   func(*rbac.Tx) error // bob is in d, which is active in his ticket
		one, two func(*rbac.Authority, rbac.Token) error
		kind     error
	}{
		"two memberships":                 {ssd("s", 2, "a", "b"), update(assign("bob", "a")), update(assign("bob", "b")), rbac.ErrSeparation},
		"two memberships of one scope":    {ssd("s", 2, "a", "b"), update(assignIn("bob", "a", "x")), update(assign("bob", "top")), rbac.ErrSeparation},
		"a membership and an inheritance": {all(ssd("s", 2, "a", "b"), assign("bob", "a")), update(assign("bob", "c")), update(inherit("c", "b")), rbac.ErrSeparation},
		"two inheritances":                {ssd("s", 2, "a", "b"), update(inherit("d", "a")), update(inherit("d", "b")), rbac.ErrSeparation},
		"a cycle":                         {nothing, update(inherit("a", "c")), update(inherit("c", "a")), rbac.ErrCycle},
		"a member and a membership": {all(ssd("s", 2, "a", "c"), assign("bob", "a")),
			update(func(tx *rbac.Tx) error { return tx.AddSSDSetMember("s", "b") }), update(assign("bob", "b")), rbac.ErrSeparation},
		"two sets of one name":           {nothing, update(ssd("s", 2, "a", "b")), update(ssd("s", 2, "a", "c")), rbac.ErrExists},
		"a dynamic set and a login":      {all(assign("bob", "a"), assign("bob", "b")), update(dsd("s", 2, "a", "b")), issue("a", "b"), rbac.ErrSeparation},
		"a dynamic set and a group more": {assign("bob", "b"), update(dsd("s", 2, "b", "d")), activate("b"), rbac.ErrSeparation},
		"two groups more":                {all(dsd("s", 2, "a", "b"), assign("bob", "a"), assign("bob", "b")), activate("a"), activate("b"), rbac.ErrSeparation},
		"an inheritance and a login":     {all(dsd("s", 2, "a", "b"), assign("bob", "a"), assign("bob", "c")), update(inherit("c", "b")), issue("a", "c"), rbac.ErrSeparation},
	} {
		t.Run(rule, func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				for range processtest.NumberFrom(t, "RBAC_ROUNDS", 2) {
					t.Run("round", func(t *testing.T) {
						w := h.beside(t)
						a, b := w.bank(rbac.Config{}), w.open(rbac.Config{})
						w.do(a, all(assign("bob", "d"), c.before))
						token := w.issue(a, rbac.Login{User: "bob", Groups: []string{"d"}})
						var errs [2]error
						var wg sync.WaitGroup
						wg.Go(func() { errs[0] = c.one(a, token) })
						wg.Go(func() { errs[1] = c.two(b, token) })
						wg.Wait()
						if refused := errors.Is(errs[0], c.kind); refused == errors.Is(errs[1], c.kind) || errs[0] != nil && errs[1] != nil {
							t.Fatalf("%v and %v; want one %v", errs[0], errs[1], c.kind)
						}
					})
				}
			})
		})
	}
}
