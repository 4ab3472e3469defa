package rbac_test

import (
	"errors"
	"testing"

	"github.com/rbac-go/rbac"
)

// Delegations follow their groups and never widen: not by a new inheritance, a
// grant, or a group that takes over a name.
func TestDelegationsDoNotWiden(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			what   string
			change func(*rbac.Tx) error
			group  string // for lea to assign
			want   error
		}{
			{"no change", func(*rbac.Tx) error { return nil }, "members", nil},
			{"an inheritance", inherit("members", "operators"), "members", rbac.ErrDenied},
			{"an inheritance of what is delegated", inherit("members", "aides"), "members", rbac.ErrDenied},
			{"the permission of administrators", grant("members", "rbac.administer"), "members", rbac.ErrDenied},
			{"a pattern with the permission of administrators", grant("members", "rbac.*"), "members", rbac.ErrDenied},
			{"all permissions", grant("members", "*"), "members", rbac.ErrDenied},
			{"a senior with all permissions", all(grant("members", "*"), renameGroup("members", "people")), "editors", rbac.ErrDenied},
			{"a renamed group", renameGroup("members", "people"), "people", nil},
			{"another group with the name", all(renameGroup("members", "people"), renameGroup("operators", "members")), "members", rbac.ErrDenied},
			{"a new group with the name of a deleted group", all(func(tx *rbac.Tx) error { return tx.DeleteGroup("members") }, addGroup(rbac.Group{Name: "members"})), "members", rbac.ErrDenied},
			{"a new group with the name of the delegate's", all(renameGroup("leads", "old"), addGroup(rbac.Group{Name: "leads"})), "members", nil},
			{"a separation set that leaves out the delegate's group", all(dsd("lea", 2, "aides", "leads"), assign("lea", "aides")), "members", rbac.ErrDenied},
		} {
			w := h.beside(t)
			a := cooperative(w)
			b := w.open(rbac.Config{})
			w.do(a, c.change)
			for _, who := range []*rbac.Authority{a, b} {
				_, err := who.PreviewAs(ctx, must1(who.Identity(ctx, "lea")), assignIn("mo", c.group, "org:1"))
				if !errors.Is(err, c.want) {
					t.Errorf("after %s: %v", c.what, err)
				}
			}
		}
	})
}

// Two people together do no more than each of them alone: nobody gets at an
// account with more rights.
func TestTwoDelegates(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		steps := []struct {
			who  string
			f    func(*rbac.Tx) error
			want error
		}{
			{"leo", assignIn("both", "members", "org:2"), nil},
			{"lea", editUser("both", func(u *rbac.User) { u.Email = "lea@example.org" }), rbac.ErrDenied},
			{"leo", editUser("both", func(u *rbac.User) { u.Email = "leo@example.org" }), rbac.ErrDenied},
			{"hal", assign("both", "members"), nil},
			{"lea", editUser("both", func(u *rbac.User) { u.Email = "lea@example.org" }), rbac.ErrDenied},
			{"hal", editUser("both", func(u *rbac.User) { u.Email = "hal@example.org" }), rbac.ErrDenied},
			{"amy", assignIn("mia", "leads", "org:1"), nil},
			{"mia", assignIn("mia", "operators", "org:1"), rbac.ErrDenied},
			{"mia", assignIn("mo", "editors", "org:1"), nil},
			{"mia", assignIn("mo", "editors", "org:2"), rbac.ErrDenied},
			{"lea", editUser("mia", func(u *rbac.User) { u.Email = "lea@example.org" }), rbac.ErrDenied},
			{"leo", assignIn("newt", "members", "org:2"), rbac.ErrDenied},
			{"lea", assignIn("newt", "members", "org:1"), rbac.ErrDenied},
			{"hal", assignIn("newt", "members", "org:1"), nil},
			{"leo", editUser("newt", func(u *rbac.User) { u.Email = "leo@example.org" }), rbac.ErrDenied},
		}
		for i, s := range steps {
			if err := h.as(a, s.who, s.f); !errors.Is(err, s.want) {
				t.Errorf("step %d by %s: %v", i, s.who, err)
			}
		}
	})
}

// While an administrator gives and takes a group, the change log has changes by
// its delegate only where the delegate was a member.
func TestUpdateAsWhileRightsChange(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		b := h.open(rbac.Config{})
		lead := rbac.Membership{User: "lea", Group: "leads", Scope: "org:1"}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 20 {
				must(t, a.Update(ctx, func(tx *rbac.Tx) error { return tx.DeassignUser(lead) }))
				must(t, a.Update(ctx, func(tx *rbac.Tx) error { return tx.AssignUser(lead) }))
			}
		}()
		id := must1(b.Identity(ctx, "lea"))
		m := rbac.Membership{User: "mo", Group: "members", Scope: "org:1"}
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			err := b.UpdateAs(ctx, id, func(tx *rbac.Tx) error {
				if err := tx.AssignUser(m); !errors.Is(err, rbac.ErrExists) {
					return err
				}
				return tx.DeassignUser(m)
			})
			must(t, unless(err, rbac.ErrDenied))
		}
		member, made := false, 0
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			member, made = false, 0
			for c, err := range tx.Changes(rbac.ChangeQuery{}) {
				must(t, err)
				switch {
				case c.Actor == "lea" && !member:
					t.Errorf("a change without right: %+v", c)
				case c.Actor == "lea":
					made++
				case c.Subject == "lea" && c.Object == "leads":
					member = c.Action == "AssignUser"
				}
			}
			return nil
		}))
		if made == 0 {
			t.Error("the delegate made no change")
		}
	})
}
