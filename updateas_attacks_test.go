package rbac_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// attacks are ways to more than a delegate may give. Each is denied, and nothing
// is changed.
func attacks() []struct {
	who, what string
	f         func(*rbac.Tx) error
} {
	past := newClock().Now().Add(-time.Hour)
	return []struct {
		who, what string
		f         func(*rbac.Tx) error
	}{
		{"mo", "assigns without a delegation", assign("mo", "editors")},
		{"mo", "creates a user", addUser(rbac.User{Name: "nina"})},
		{"lea", "assigns another group", assignIn("mia", "operators", "org:1")},
		{"lea", "assigns a group that inherits another group", assignIn("mia", "chiefs", "org:1")},
		{"lea", "assigns in another scope", assignIn("mo", "editors", "org:2")},
		{"lea", "assigns everywhere", assign("mia", "editors")},
		{"lea", "makes herself a lead elsewhere", assignIn("lea", "leads", "org:2")},
		{"lea", "makes somebody a lead", assignIn("mia", "leads", "org:1")},
		{"lea", "extends her own membership", func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "lea", Group: "leads", Scope: "org:1", Note: "for ever"})
		}},
		{"lea", "ends another lead", func(tx *rbac.Tx) error {
			return tx.DeassignUser(rbac.Membership{User: "leo", Group: "leads", Scope: "org:2"})
		}},
		{"lea", "ends an operator", func(tx *rbac.Tx) error {
			return tx.DeassignUser(rbac.Membership{User: "both", Group: "operators", Scope: "org:1"})
		}},
		{"lea", "assigns a new account of another scope", assignIn("newt", "members", "org:1")},
		{"lea", "modifies a new account", editUser("newt", func(u *rbac.User) { u.Email = "lea@example.org" })},
		{"lea", "takes over a new account in two steps", all(assignIn("newt", "members", "org:1"), editUser("newt", func(u *rbac.User) { u.Email = "lea@example.org" }))},
		{"lea", "assigns a new account with an end in the past", func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "mo", Group: "members", Scope: "org:1", Until: past})
		}},
		{"lea", "creates a user without a group", addUser(rbac.User{Name: "nina"})},
		{"lea", "creates a user in another scope", all(addUser(rbac.User{Name: "nina"}), assignIn("nina", "members", "org:2"))},
		{"lea", "creates a user with a subject", all(addUser(rbac.User{Name: "nina", Subject: "sub|ada"}), assignIn("nina", "members", "org:1"))},
		{"lea", "creates a user with a password", all(addUser(rbac.User{Name: "nina"}), assignIn("nina", "members", "org:1"),
			func(tx *rbac.Tx) error { return tx.SetPasswordHash("nina", someHash) })},
		{"lea", "leaves a created user without a group", all(addUser(rbac.User{Name: "nina"}), assignIn("nina", "members", "org:1"), func(tx *rbac.Tx) error {
			return tx.DeassignUser(rbac.Membership{User: "nina", Group: "members", Scope: "org:1"})
		})},
		{"lea", "sets a password", func(tx *rbac.Tx) error { return tx.SetPasswordHash("mia", someHash) }},
		{"lea", "sets a subject", editUser("mia", func(u *rbac.User) { u.Subject = "sub|lea" })},
		{"lea", "changes the e-mail of somebody with more rights", editUser("both", func(u *rbac.User) { u.Email = "lea@example.org" })},
		{"lea", "renames an administrator", editUser("ada", func(u *rbac.User) { u.Name = "nobody" })},
		{"lea", "disables an operator", editUser("olga", func(u *rbac.User) { u.Disabled = true })},
		{"lea", "deletes somebody with more rights", func(tx *rbac.Tx) error { return tx.DeleteUser("both") }},
		{"lea", "deletes a user of another scope", func(tx *rbac.Tx) error { return tx.DeleteUser("mo") }},
		{"lea", "unlocks an administrator", func(tx *rbac.Tx) error { return tx.Unlock("ada") }},
		{"lea", "ends the tickets of an administrator", endTickets("ada")},
		{"lea", "ends the tickets of a user of another scope", endTickets("mo")},
		{"lea", "ends the tickets of everybody", endTickets("")},
		{"lea", "grants to her group", grant("leads", "system.stop")},
		{"lea", "grants a pattern to her group", grant("leads", "*")},
		{"lea", "adds an inheritance", inherit("members", "operators")},
		{"lea", "adds a delegation", func(tx *rbac.Tx) error {
			return tx.AddDelegation(rbac.Delegation{Group: "members", Assign: []string{"operators"}})
		}},
		{"lea", "widens her delegation", func(tx *rbac.Tx) error {
			return tx.ModifyDelegation(rbac.Delegation{Group: "leads", Assign: []string{"operators"}, Users: true})
		}},
		{"lea", "adds a group", func(tx *rbac.Tx) error { return alone(tx.AddGroup(rbac.Group{Name: "x"})) }},
		{"lea", "renames a group", func(tx *rbac.Tx) error {
			g, err := tx.Group("operators")
			if err != nil {
				return err
			}
			g.Name = "members2"
			return tx.ModifyGroup(g)
		}},
		{"lea", "deletes a group", func(tx *rbac.Tx) error { return tx.DeleteGroup("operators") }},
		{"lea", "lifts a separation", func(tx *rbac.Tx) error {
			return tx.CreateSSDSet(rbac.SeparationSet{Name: "x", Groups: []string{"leads", "members"}, Cardinality: 2})
		}},
		{"hal", "assigns what leads assign", assign("mia", "editors")},
		{"hal", "modifies a lead", editUser("lea", func(u *rbac.User) { u.Email = "hal@example.org" })},
		{"amy", "makes an administrator in her scope", assignIn("mia", "admins", "org:1")},
		{"amy", "makes herself an administrator everywhere", assign("amy", "admins")},
		{"amy", "assigns in another scope", assignIn("mo", "operators", "org:2")},
		{"amy", "modifies a user", editUser("mia", func(u *rbac.User) { u.Note = "x" })},
		{"amy", "ends the tickets of everybody", endTickets("")},
		{"amy", "grants", grant("members", "system.stop")},
		{"amy", "ends an administrator", func(tx *rbac.Tx) error {
			return tx.DeassignUser(rbac.Membership{User: "ada", Group: "admins"})
		}},
	}
}

// BenchmarkUpdateAs compares an AssignUser of a delegate with one of the
// program.
func BenchmarkUpdateAs(b *testing.B) {
	for _, s := range stores {
		h := newHouse(b, s.open(b))
		h.realTime = true
		a := cooperative(h)
		lea, err := a.Identity(ctx, "lea")
		must(b, err)
		change := func(tx *rbac.Tx) error {
			m := rbac.Membership{User: "mo", Group: "members", Scope: "org:1"}
			return errors.Join(tx.AssignUser(m), tx.DeassignUser(m))
		}
		for name, update := range map[string]func(context.Context) error{
			"Update":   func(ctx context.Context) error { return a.Update(ctx, change) },
			"UpdateAs": func(ctx context.Context) error { return a.UpdateAs(ctx, lea, change) },
		} {
			b.Run(s.name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					must(b, update(ctx))
				}
			})
		}
	}
}
