package rbac_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// The active groups of a ticket can be changed group by group, and from then on
// the ticket keeps to its groups (INCITS 359 section 6.1.2: AddActiveRole,
// DropActiveRole).
func TestActiveGroups(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.bank(rbac.Config{})
		h.do(a, all(dsd("s", 2, "a", "b"), assign("bob", "a"), assign("bob", "top"), assign("bob", "d"), assignIn("bob", "c", "x")))
		token := h.issue(a, rbac.Login{User: "bob"})
		active := func(want ...string) {
			t.Helper()
			got, err := a.TicketGroups(ctx, token)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("active are %q, %v; want %q", got, err, want)
			}
		}
		expect := func(err, want error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("%v; want %v", err, want)
			}
		}
		active("a", "c", "d")
		expect(a.AddActiveGroup(ctx, token, "a"), rbac.ErrExists)
		expect(a.AddActiveGroup(ctx, token, "top"), rbac.ErrSeparation)
		expect(a.AddActiveGroup(ctx, token, "b"), rbac.ErrSeparation)
		expect(a.AddActiveGroup(ctx, token, "nothing"), rbac.ErrNotFound)
		expect(a.AddActiveGroup(ctx, token, ""), rbac.ErrInvalid)
		expect(a.DropActiveGroup(ctx, token, "top"), rbac.ErrNotFound)
		expect(a.DropActiveGroup(ctx, token, "nothing"), rbac.ErrNotFound)
		active("a", "c", "d")

		expect(a.DropActiveGroup(ctx, token, "a"), nil)
		active("c", "d")
		if err := a.Judge(ctx, token, rbac.HasPermission("pa")); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("a dropped group still gives its permission: %v", err)
		}
		expect(a.AddActiveGroup(ctx, token, "top"), nil)
		// a group that top inherits, active by itself
		expect(a.AddActiveGroup(ctx, token, "b"), nil)
		active("b", "c", "d", "top")
		if err := a.Judge(ctx, token, rbac.HasPermission("pb")); err != nil {
			t.Errorf("an active senior gives its junior's permissions: %v", err)
		}
		expect(a.DropActiveGroup(ctx, token, "top"), nil)
		expect(a.Judge(ctx, token, rbac.HasPermission("pb")), nil)
		permissions, err := a.TicketPermissions(ctx, token)
		if err != nil || !slices.Equal(permissions, []string{"pb", "pc"}) {
			t.Errorf("the permissions are %q, %v", permissions, err)
		}
		h.do(a, func(tx *rbac.Tx) error { _, err := tx.AddGroup(rbac.Group{Name: "late"}); return err })
		h.do(a, assign("bob", "late"))
		active("b", "c", "d")

		expect(a.SetActiveGroups(ctx, token, []string{"a", "b"}), rbac.ErrSeparation)
		expect(a.SetActiveGroups(ctx, token, []string{"a", "nothing"}), rbac.ErrDenied)
		expect(a.SetActiveGroups(ctx, token, []string{""}), rbac.ErrInvalid)
		active("b", "c", "d")
		expect(a.SetActiveGroups(ctx, token, []string{"late", "a", "late"}), nil)
		active("a", "late")
		expect(a.SetActiveGroups(ctx, token, nil), nil)
		active()

		must(t, a.Logout(ctx, token))
		for _, dead := range []rbac.Token{token, {}} {
			expect(a.AddActiveGroup(ctx, dead, "a"), rbac.ErrNoTicket)
			expect(a.DropActiveGroup(ctx, dead, "a"), rbac.ErrNoTicket)
			expect(a.SetActiveGroups(ctx, dead, nil), rbac.ErrNoTicket)
			_, err1 := a.TicketGroups(ctx, dead)
			_, err2 := a.TicketPermissions(ctx, dead)
			expect(err1, rbac.ErrNoTicket)
			expect(err2, rbac.ErrNoTicket)
		}
	})
}

// A group can be dropped even where remaining groups of the ticket violate a
// dynamic set in one scope and are active in different scopes: dropping makes
// nothing worse.
func TestDropWhereOthersMeet(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.bank(rbac.Config{})
		h.do(a, all(dsd("s", 2, "a", "b"), assignIn("bob", "b", "x"), assignIn("bob", "b", "y"), assignIn("bob", "a", "x"), assign("bob", "d")))
		token := h.issue(a, rbac.Login{User: "bob"})
		must(t, a.DropActiveGroup(ctx, token, "d"))
		id, err := a.Identify(ctx, token)
		must(t, err)
		for scope, want := range map[string][]string{"x": {"a"}, "y": {"b"}, "z": nil} {
			if got := slices.Collect(id.In(scope).Groups()); !slices.Equal(got, want) {
				t.Errorf("active in %s are %q; want %q", scope, got, want)
			}
		}
		if err := a.SetActiveGroups(ctx, token, []string{"a", "b"}); !errors.Is(err, rbac.ErrSeparation) {
			t.Errorf("groups that meet can be chosen: %v", err)
		}
	})
}

// An API key that was made with groups can only lose groups, whoever got hold
// of the key. A login ticket belongs to its user and can be given further
// groups.
func TestKeysDoNotWiden(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.bank(rbac.Config{})
		h.do(a, all(assign("bob", "a"), assign("bob", "top")))
		key := h.issue(a, rbac.Login{User: "bob", Groups: []string{"top"}, Label: "backup", Expires: h.clock.Now().Add(time.Hour)})
		login := h.issue(a, rbac.Login{User: "bob", Groups: []string{"top"}})
		for _, widen := range []func(rbac.Token) error{
			func(t rbac.Token) error { return a.AddActiveGroup(ctx, t, "a") },
			func(t rbac.Token) error { return a.SetActiveGroups(ctx, t, []string{"a"}) },
			func(t rbac.Token) error { return a.SetActiveGroups(ctx, t, []string{"top", "a"}) },
		} {
			if err := widen(key); !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("a key was given another group: %v", err)
			}
			must(t, widen(login))
			must(t, a.SetActiveGroups(ctx, login, []string{"top"}))
		}
		must(t, a.SetActiveGroups(ctx, key, []string{"b"})) // fewer rights: top inherits b
		if err := a.SetActiveGroups(ctx, key, []string{"top"}); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("a key got back what it gave up: %v", err)
		}
		groups, err := a.TicketGroups(ctx, key)
		if err != nil || !slices.Equal(groups, []string{"b"}) {
			t.Errorf("active in the key are %q, %v", groups, err)
		}
	})
}

// A change of the active groups is a Change by the ticket's user, and every
// Authority sees the change.
func TestActiveGroupsAreChanges(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.bank(rbac.Config{}), h.open(rbac.Config{})
		h.do(a, all(assign("bob", "a"), assign("bob", "b")))
		token := h.issue(a, rbac.Login{User: "bob"})
		must(t, b.Judge(ctx, token, rbac.HasPermission("pa")))
		must(t, a.DropActiveGroup(ctx, token, "a"))
		if err := b.Judge(ctx, token, rbac.HasPermission("pa")); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("another Authority: %v", err)
		}
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			for c, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: 1}) {
				if err != nil || c.Action != "DropActiveGroup" || c.Actor != "bob" || !c.Verified || string(c.Before) != `{"groups":["a","b"]}` || string(c.After) != `{"groups":["b"]}` {
					t.Errorf("%+v, %s, %s, %v", c, c.Before, c.After, err)
				}
			}
			return nil
		}))
	})
}

// A group that is deleted, lost by the user or no longer inherited is active in
// no ticket, at once.
func TestActiveGroupsGo(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*rbac.Tx) error{
		"a membership removed":   deassign("bob", "top"),
		"an inheritance removed": func(tx *rbac.Tx) error { return tx.DeleteInheritance(rbac.Inheritance{Senior: "top", Junior: "b"}) },
		"the group deleted":      func(tx *rbac.Tx) error { return tx.DeleteGroup("b") },
		"a membership ended":     nil,
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				a := h.bank(rbac.Config{})
				h.do(a, func(tx *rbac.Tx) error {
					return tx.AssignUser(rbac.Membership{User: "bob", Group: "top", Until: h.clock.Now().Add(time.Hour / 2)})
				})
				token := h.issue(a, rbac.Login{User: "bob"})
				must(t, a.AddActiveGroup(ctx, token, "b"))
				must(t, a.DropActiveGroup(ctx, token, "top"))
				must(t, a.Judge(ctx, token, rbac.HasPermission("pb")))
				if lose == nil {
					h.clock.Advance(time.Hour / 2)
				} else {
					h.do(a, lose)
				}
				if err := a.Judge(ctx, token, rbac.NotAnonymous()); err != nil {
					t.Errorf("the ticket is gone, too: %v", err)
				}
				if groups, err := a.TicketGroups(ctx, token); err != nil || len(groups) != 0 {
					t.Errorf("active are %q, %v", groups, err)
				}
				if id, err := a.Identify(ctx, token); err != nil || id.InGroup("b") {
					t.Errorf("in b all the same: %v, %v", slices.Collect(id.Groups()), err)
				}
			})
		})
	}
}
