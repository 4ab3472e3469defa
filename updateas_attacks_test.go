package rbac_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

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
		{"lea", "assigns in the name of a provider", func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "mia", Group: "editors", Scope: "org:1", Source: "idp"})
		}},
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
		{"lea", "creates a user with the id of a deleted user", all(addUser(rbac.User{Name: "nina", ID: uuid.UUID{7}}), assignIn("nina", "members", "org:1"))},
		{"lea", "creates a user, and gives the account to operators", all(addUser(rbac.User{Name: "nina"}), assignIn("nina", "members", "org:1"), assignIn("nina", "operators", "org:1"))},
		{"lea", "creates a user and sets a subject later", all(addUser(rbac.User{Name: "nina"}), assignIn("nina", "members", "org:1"), editUser("nina", func(u *rbac.User) { u.Subject = "sub|ada" }))},
		{"lea", "assigns an account that comes from another scope", all(assignIn("mo", "members", "org:1"), editUser("mo", func(u *rbac.User) { u.Email = "lea@example.org" }))},
		{"lea", "takes over an account with an ended membership elsewhere", all(assignIn("past", "members", "org:1"), editUser("past", func(u *rbac.User) { u.Email = "lea@example.org" }))},
		{"lea", "disables herself", editUser("lea", func(u *rbac.User) { u.Disabled = true })},
		{"lea", "resigns", func(tx *rbac.Tx) error {
			return tx.DeassignUser(rbac.Membership{User: "lea", Group: "leads", Scope: "org:1"})
		}},
		{"lea", "ends a membership everywhere", func(tx *rbac.Tx) error {
			return tx.DeassignUser(rbac.Membership{User: "wide", Group: "members"})
		}},
		{"lea", "renames a member of all scopes", editUser("wide", func(u *rbac.User) { u.Name = "w" })},
		{"lea", "declares a group as her own", func(tx *rbac.Tx) error { return alone(tx.AddAscendant(rbac.Group{Name: "x"}, "operators")) }},
		{"lea", "takes a group from below hers", func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "chiefs", Junior: "operators"})
		}},
		{"lea", "ends a delegation", func(tx *rbac.Tx) error { return tx.DeleteDelegation("helpers") }},
		{"lea", "ends a dynamic set", func(tx *rbac.Tx) error { return tx.DeleteDSDSet("apart") }},
		{"lea", "takes the permission of administrators from everybody", func(tx *rbac.Tx) error { return tx.DeletePermission("rbac.administer") }},
		{"nobody", "asks whether a name is taken", addUser(rbac.User{Name: "ada"})},
		{"nobody", "asks whether an address is taken", addUser(rbac.User{Name: "nina", Email: "mia@example.org"})},
		{"hal", "keeps an operator from being active", assign("olga", "aides")},
		{"hal", "keeps an operator of a scope from being active", assign("both", "aides")},
		{"hal", "brings back a membership that keeps an operator from being active", func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "otto", Group: "aides", Until: past.Add(24 * time.Hour)})
		}},
		{"gil", "modifies a member without Users", editUser("mia", func(u *rbac.User) { u.Note = "x" })},
		{"gil", "deletes a member without Users", func(tx *rbac.Tx) error { return tx.DeleteUser("mia") }},
		{"gil", "unlocks a member without Users", func(tx *rbac.Tx) error { return tx.Unlock("mia") }},
		{"gil", "creates a member without Users", all(addUser(rbac.User{Name: "nina"}), assignIn("nina", "members", "org:1"))},
		{"amy", "creates a user", all(addUser(rbac.User{Name: "nina"}), assignIn("nina", "members", "org:1"))},
		{"amy", "assigns a new account", assignIn("newt", "members", "org:1")},
		{"amy", "makes an administrator by a senior group", assignIn("mia", "heads", "org:1")},
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

// BenchmarkUpdateAs compares an Update of a single change by a delegate of a
// scope with the same Update of the program, in turns. The metric is the ratio
// of the medians.
func BenchmarkUpdateAs(b *testing.B) {
	for _, s := range stores {
		b.Run(s.name, func(b *testing.B) {
			h := newHouse(b, s.open(b))
			h.realTime = true
			a := cooperative(h)
			lea, err := a.Identify(ctx, h.issue(a, rbac.Login{User: "lea"}))
			must(b, err)
			m := rbac.Membership{User: "mo", Group: "members", Scope: "org:1"}
			var took [2][]time.Duration
			for b.Loop() {
				for i, update := range []func(func(*rbac.Tx) error) error{
					func(f func(*rbac.Tx) error) error { return a.Update(ctx, f) },
					func(f func(*rbac.Tx) error) error { return a.UpdateAs(ctx, lea, f) },
				} {
					start := time.Now()
					must(b, update(func(tx *rbac.Tx) error { return tx.AssignUser(m) }))
					took[i] = append(took[i], time.Since(start))
					h.do(a, func(tx *rbac.Tx) error { return tx.DeassignUser(m) })
				}
			}
			slices.Sort(took[0])
			slices.Sort(took[1])
			n := len(took[0]) / 2
			b.ReportMetric(float64(took[1][n])/float64(took[0][n]), "UpdateAs/Update")
		})
	}
}
