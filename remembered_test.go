package rbac_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// A verdict remembered under the name of a predicate counts in one policy only:
// on another Authority, or after the predicate's group is gone, the verdict is
// computed anew. Under Not an unknown group opens no door, in a scope neither.
func TestVerdictsOfNobodyInAScope(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, other := h.office(rbac.Config{}), h.beside(t).open(rbac.Config{})
		outside := rbac.Not(rbac.InGroup("staff"))
		scoped := rbac.In("org:1", outside)
		ask := func(rule string, a *rbac.Authority, want bool) {
			t.Helper()
			id, err := a.Identify(ctx, rbac.Token{})
			must(t, err)
			for _, got := range []bool{rbac.Met(id, scoped), rbac.Met(id.In("org:1"), outside), rbac.Met(id.In("org:2"), scoped), rbac.Met(id, outside)} {
				if got != want {
					t.Errorf("%s: nobody is outside staff: got %t, want %t", rule, got, want)
				}
			}
		}
		ask("a policy with the group", a, true)
		ask("one without it", other, false)
		ask("the first again", a, true)
		h.do(a, func(tx *rbac.Tx) error { return tx.DeleteGroup("staff") })
		ask("the group is deleted", a, false)
	})
}

// Besides groups, a predicate may depend on the user, the address, the time, or
// a function of the host. Such a predicate is computed each time, in any
// compound.
func TestVerdictsAreAskedEachTime(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		id, err := a.Identify(ctx, h.issue(a, rbac.Login{User: "amy"}))
		must(t, err)
		yes := true
		near, far := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
		editor := rbac.InGroup("editors")
		leaves := []struct {
			leaf       rbac.Predicate
			met, other func() *rbac.Identity // the same groups, but different verdicts
		}{
			{rbac.FromNet(netip.PrefixFrom(near, 24)), func() *rbac.Identity { return id.WithAddr(near) }, func() *rbac.Identity { return id.WithAddr(far) }},
			{rbac.AuthenticatedWithin(time.Minute), func() *rbac.Identity { return id.WithAuthenticatedAt(h.clock.Now()) },
				func() *rbac.Identity { return id.WithAuthenticatedAt(h.clock.Now().Add(-time.Hour)) }},
			{rbac.Func("yes", func(*rbac.Identity) bool { return yes }), func() *rbac.Identity { yes = true; return id }, func() *rbac.Identity { yes = false; return id }},
			{rbac.In("org:1", rbac.InGroup("tellers")), func() *rbac.Identity { return scopedTeller(h, a, true) }, func() *rbac.Identity { return scopedTeller(h, a, false) }},
		}
		for _, l := range leaves {
			for _, p := range []rbac.Predicate{l.leaf, rbac.All(editor, l.leaf), rbac.Any(rbac.Not(editor), l.leaf), rbac.Not(rbac.Not(l.leaf)),
				rbac.WithMessage(rbac.All(l.leaf, editor), "no"), rbac.Not(rbac.Any(rbac.Not(editor), rbac.Not(l.leaf)))} {
				for range 2 {
					if !rbac.Met(l.met(), p) {
						t.Errorf("%v is not met, and should be", p)
					}
					if rbac.Met(l.other(), p) {
						t.Errorf("%v is met, and should not be", p)
					}
				}
			}
		}
		for range 2 { // users with the same groups
			eve := h.identityOfAnother(a)
			if p := rbac.All(editor, rbac.IsUser("amy")); !rbac.Met(id, p) || rbac.Met(eve, p) {
				t.Errorf("%v does not tell %v from %v", p, id, eve)
			}
			if p := rbac.Any(rbac.Not(editor), rbac.IsUserID(id.ID())); !rbac.Met(id, p) || rbac.Met(eve, p) {
				t.Errorf("%v does not tell %v from %v", p, id, eve)
			}
		}
	})
}

// scopedTeller returns amy, in the group tellers in one scope or not.
func scopedTeller(h *house, a *rbac.Authority, member bool) *rbac.Identity {
	h.t.Helper()
	m := rbac.Membership{User: "amy", Group: "tellers", Scope: "org:1"}
	h.do(a, func(tx *rbac.Tx) error {
		if _, err := tx.Group("tellers"); err != nil {
			if _, err := tx.AddGroup(rbac.Group{Name: "tellers"}); err != nil {
				return err
			}
		}
		if _ = tx.DeassignUser(m); !member {
			return nil
		}
		return tx.AssignUser(m)
	})
	id, err := a.Identity(ctx, "amy")
	must(h.t, err)
	return id
}

// identityOfAnother returns a new user in the group editors.
func (h *house) identityOfAnother(a *rbac.Authority) *rbac.Identity {
	h.t.Helper()
	name := fmt.Sprint("u", uuid.New())
	h.user(a, name, "", "editors")
	id, err := a.Identity(ctx, name)
	must(h.t, err)
	return id
}

// A copy with an address is a copy of its own Identity, however many copies
// came from the same ticket.
func TestCopiesWithAddress(t *testing.T) {
	eachStoreAlone(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		scopedTeller(h, a, true)
		id, err := a.Identify(ctx, h.issue(a, rbac.Login{User: "amy"}))
		must(t, err)
		then := h.clock.Now().Add(-time.Hour)
		near, far := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("::ffff:198.51.100.1")
		for range 2 {
			for _, addr := range []netip.Addr{near, near, far, {}} {
				for scope, from := range map[string]*rbac.Identity{"": id, "org:1": id.In("org:1"), "org:2": id.WithAddr(near).In("org:2")} {
					for _, from := range []*rbac.Identity{from, from.WithAuthenticatedAt(then), from.WithAddr(far).WithAuthenticatedAt(then)} {
						c := from.WithAddr(addr)
						if c.InGroup("tellers") != (scope == "org:1") || !c.AuthenticatedAt().Equal(from.AuthenticatedAt()) {
							t.Errorf("in %q from %v: %v, authenticated at %v and not %v", scope, addr, c, c.AuthenticatedAt(), from.AuthenticatedAt())
						}
						for _, net := range []netip.Addr{near, far} {
							p := rbac.FromNet(netip.PrefixFrom(net.Unmap(), 32))
							if rbac.Met(c, p) != (net == addr) {
								t.Errorf("from %v: %v", addr, p)
							}
						}
					}
				}
			}
		}
		if rbac.Met(id, rbac.FromNet(netip.PrefixFrom(near, 0))) {
			t.Error("the one that was copied has an address now")
		}
		if n := testing.AllocsPerRun(100, func() { id.WithAddr(near) }); n > 1 {
			t.Errorf("a copy with an address allocates %v times; want 1", n)
		}
	})
}
