package rbac_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// checkGroups compares the groups that are active in a ticket, for every
// Authority.
func checkGroups(t *testing.T, rule string, tok rbac.Token, want []string, in ...*rbac.Authority) {
	t.Helper()
	for _, a := range in {
		id, err := a.Identify(ctx, tok)
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		if got := slices.Collect(id.Groups()); !slices.Equal(got, want) {
			t.Errorf("%s: active are %v, want %v", rule, got, want)
		}
	}
}

func TestNarrowedTicket(t *testing.T) {
	tests := []struct {
		rule         string
		groups       []string
		active       []string
		shown        []string
		edit, unlock bool
	}{
		{"nil is all", nil, []string{"chiefs", "editors", "staff"}, nil, true, true},
		{"empty is none", []string{}, []string{}, []string{}, false, false},
		{"one", []string{"editors"}, []string{"editors"}, []string{"editors"}, true, false},
		{"a senior group with what it inherits", []string{"chiefs"}, []string{"chiefs", "staff"}, []string{"chiefs"}, false, true},
		{"a junior group alone", []string{"staff"}, []string{"staff"}, []string{"staff"}, false, true},
		{"some, one twice", []string{"staff", "editors", "staff"}, []string{"editors", "staff"}, []string{"editors", "staff"}, true, true},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		h.do(a, func(tx *rbac.Tx) error { return tx.AssignUser(rbac.Membership{User: "amy", Group: "chiefs"}) })
		for _, tt := range tests {
			tok, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Groups: tt.groups})
			must(t, err)
			checkGroups(t, tt.rule, tok, tt.active, a, b)
			id, err := a.Identify(ctx, tok)
			must(t, err)
			if id.HasPermission("post.edit") != tt.edit || id.HasPermission("door.open") != tt.unlock {
				t.Errorf("%s: permissions are those of the active groups: got %v", tt.rule, slices.Collect(id.Permissions()))
			}
			ticket, err := b.Ticket(ctx, tok)
			if err != nil || (ticket.Groups == nil) != (tt.shown == nil) || !slices.Equal(ticket.Groups, tt.shown) {
				t.Errorf("%s: the ticket shows %#v, %v; want %#v", tt.rule, ticket.Groups, err, tt.shown)
			}
		}
	})
}

// A group that goes away does not come back by itself.
func TestNarrowingOnlyNarrows(t *testing.T) {
	soon := newClock().Now().Add(time.Hour / 2)
	ends := rbac.Membership{User: "amy", Group: "staff", Until: soon}
	type steps []func(h *house, tx *rbac.Tx) error
	wait := func(h *house, _ *rbac.Tx) error { h.clock.Advance(time.Hour / 2); return nil }
	in := func(group string) rbac.Membership { return rbac.Membership{User: "amy", Group: group} }
	assign := func(m rbac.Membership) func(*house, *rbac.Tx) error {
		return func(_ *house, tx *rbac.Tx) error { return tx.AssignUser(m) }
	}
	deassign := func(m rbac.Membership) func(*house, *rbac.Tx) error {
		return func(_ *house, tx *rbac.Tx) error { return tx.DeassignUser(m) }
	}
	modify := func(m rbac.Membership) func(*house, *rbac.Tx) error {
		return func(_ *house, tx *rbac.Tx) error { return tx.ModifyMembership(m) }
	}
	inherit := func(senior, junior string) func(*house, *rbac.Tx) error {
		return func(_ *house, tx *rbac.Tx) error {
			return tx.AddInheritance(rbac.Inheritance{Senior: senior, Junior: junior})
		}
	}
	disinherit := func(senior, junior string) func(*house, *rbac.Tx) error {
		return func(_ *house, tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: senior, Junior: junior})
		}
	}
	remake := func(name string) func(*house, *rbac.Tx) error {
		return func(_ *house, tx *rbac.Tx) error {
			g, err := tx.Group(name)
			if err != nil {
				return err
			}
			if err := tx.DeleteGroup(name); err != nil {
				return err
			}
			_, err = tx.AddGroup(g) // even with the same id
			return err
		}
	}
	ended := rbac.Membership{User: "amy", Group: "staff", Until: soon.Add(-time.Minute)}
	tests := []struct {
		rule  string
		first rbac.Membership // authorizes amy for staff
		steps steps           // each in its own Update
		then  []string        // active in the ticket, narrowed to staff and editors
	}{
		{"deassigned and reassigned", in("staff"), steps{deassign(in("staff")), assign(in("staff"))}, []string{"editors"}},
		{"the senior group deassigned and reassigned", in("chiefs"), steps{deassign(in("chiefs")), assign(in("chiefs"))}, []string{"editors"}},
		{"deassigned, and assigned to a senior", in("staff"), steps{deassign(in("staff")), assign(in("chiefs"))}, []string{"editors"}},
		{"assigned to a senior first", in("staff"), steps{assign(in("chiefs")), deassign(in("staff"))}, []string{"editors", "staff"}},
		{"deleted and made again", in("staff"), steps{remake("staff"), assign(in("staff"))}, []string{"editors"}},
		{"the senior group deleted and made again", in("chiefs"), steps{remake("chiefs"), inherit("chiefs", "staff"), assign(in("chiefs"))}, []string{"editors"}},
		{"inheritance deleted and added", in("chiefs"), steps{disinherit("chiefs", "staff"), inherit("chiefs", "staff")}, []string{"editors"}},
		{"inheritance deleted, and another added", in("chiefs"), steps{disinherit("chiefs", "staff"), inherit("editors", "staff")}, []string{"editors", "staff"}},
		{"passed, and extended", ends, steps{wait, modify(in("staff"))}, []string{"editors"}},
		{"extended in time", ends, steps{modify(in("staff")), wait}, []string{"editors", "staff"}},
		{"passed, deassigned and reassigned", ends, steps{wait, deassign(in("staff")), assign(in("staff"))}, []string{"editors"}},
		{"passed, and assigned to a senior", ends, steps{wait, assign(in("chiefs"))}, []string{"editors"}},
		{"passed, and inherited", ends, steps{wait, inherit("editors", "chiefs")}, []string{"chiefs", "editors", "staff"}},
		{"ended by a change, and extended", in("staff"), steps{modify(ended), modify(in("staff"))}, []string{"editors", "staff"}},
		{"ended in the past, and extended", in("staff"), steps{wait, modify(ended), modify(in("staff"))}, []string{"editors"}},
		{"reassigned in a scope", in("staff"), steps{deassign(in("staff")), assign(rbac.Membership{User: "amy", Group: "staff", Scope: "org:1"})}, []string{"editors"}},
	}
	localStores(t, func(t *testing.T, h *house) {
		for _, tt := range tests {
			t.Run(tt.rule, func(t *testing.T) {
				h := h.beside(t)
				a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
				h.do(a, func(tx *rbac.Tx) error { return tx.AssignUser(tt.first) })
				narrow := h.issue(a, rbac.Login{User: "amy", Groups: []string{"staff", "editors"}})
				wide := h.issue(a, rbac.Login{User: "amy"})
				checkGroups(t, "before", narrow, []string{"editors", "staff"}, a, b)
				for _, step := range tt.steps {
					h.do(a, func(tx *rbac.Tx) error { return step(h, tx) })
				}
				checkGroups(t, "narrowed", narrow, tt.then, a, b, h.open(rbac.Config{}))
				fresh := h.issue(b, rbac.Login{User: "amy"})
				id, err := b.Identify(ctx, fresh)
				must(t, err)
				checkGroups(t, "a ticket without Groups follows the user", wide, slices.Collect(id.Groups()), a, b)
			})
		}
	})
}
