package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// cooperative is a service with two organisations: olga operates everything,
// and ada holds the permission to administer. lea leads org:1, leo leads org:2,
// and hal helps everywhere.
//
// leads may assign members and editors, with Users; helpers may assign members
// and aides, with Users; greeters may assign members only, without Users. chiefs
// inherit editors and operators. Nobody is active as an aide and an operator at
// once, and aides come first.
func cooperative(h *house) *rbac.Authority {
	a := h.open(rbac.Config{})
	h.groups(a, map[string][]string{
		"operators": {"system.stop"},
		"admins":    {"rbac.administer"},
		"leads":     nil,
		"helpers":   nil,
		"editors":   {"post.edit"},
		"members":   {"post.read"},
		"chiefs":    nil,
		"aides":     nil,
		"heads":     nil,
		"greeters":  nil,
	})
	h.do(a, all(inherit("editors", "members"), inherit("chiefs", "editors"), inherit("chiefs", "operators"), inherit("heads", "admins"),
		func(tx *rbac.Tx) error {
			return errors.Join(
				tx.AddDelegation(rbac.Delegation{Group: "leads", Assign: []string{"members", "editors", "chiefs"}, Users: true}),
				tx.AddDelegation(rbac.Delegation{Group: "helpers", Assign: []string{"members", "aides"}, Users: true}),
				tx.AddDelegation(rbac.Delegation{Group: "greeters", Assign: []string{"members"}}))
		}, dsd("apart", 2, "aides", "operators")))
	h.do(a, all(
		func(tx *rbac.Tx) error {
			names := []string{"olga", "ada", "lea", "leo", "hal", "mia", "mo", "newt", "both", "amy", "past", "wide", "otto", "gil", "nobody"}
			return each(names, func(name string) error { return addUser(rbac.User{Name: name})(tx) })
		},
		assign("olga", "operators"), assign("ada", "admins"), assign("hal", "helpers"),
		assignIn("lea", "leads", "org:1"), assignIn("leo", "leads", "org:2"),
		func(tx *rbac.Tx) error { // by a provider: a delegate may end the membership all the same
			return tx.AssignUser(rbac.Membership{User: "mia", Group: "members", Scope: "org:1", Source: "idp"})
		}, assignIn("mo", "members", "org:2"),
		assignIn("both", "members", "org:1"), assignIn("both", "operators", "org:1"),
		assignIn("amy", "admins", "org:1"),
		assignIn("gil", "greeters", "org:1"), assign("wide", "members"), assign("otto", "operators"),
		func(tx *rbac.Tx) error {
			ended := h.clock.Now().Add(-time.Hour)
			return errors.Join(
				tx.AssignUser(rbac.Membership{User: "past", Group: "members", Scope: "org:2", Until: ended}),
				tx.AssignUser(rbac.Membership{User: "otto", Group: "aides", Until: ended}))
		},
		editUser("mia", func(u *rbac.User) { u.Email = "mia@example.org" }),
	))
	return a
}

// as runs an UpdateAs.
func (h *house) as(a *rbac.Authority, user string, f func(*rbac.Tx) error) error {
	h.t.Helper()
	id, err := a.Identity(ctx, user)
	must(h.t, err)
	return a.UpdateAs(ctx, id, f)
}

func editUser(user string, edit func(*rbac.User)) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		u, err := tx.User(user)
		if err != nil {
			return err
		}
		edit(&u)
		return tx.ModifyUser(u)
	}
}

// What administrators, delegates and everybody else may do.
func TestUpdateAsAllows(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			who, what string
			f         func(*rbac.Tx) error
		}{
			{"ada", "grants", grant("members", "post.edit")},
			{"ada", "assigns operators", assign("mo", "operators")},
			{"ada", "sets a password", func(tx *rbac.Tx) error { return tx.SetPasswordHash("olga", someHash) }},
			{"ada", "makes an administrator", assign("mo", "admins")},
			{"ada", "assigns for a source", assignFrom("file", "mo", "editors")},
			{"amy", "assigns anything in her scope", assignIn("mia", "operators", "org:1")},
			{"lea", "assigns editors in her scope", assignIn("mo", "editors", "org:1")},
			{"lea", "assigns herself what she may assign others", assignIn("lea", "editors", "org:1")},
			{"lea", "ends a membership in her scope", func(tx *rbac.Tx) error {
				return tx.DeassignUser(rbac.Membership{User: "mia", Group: "members", Scope: "org:1"})
			}},
			{"lea", "moves a user to another group", all(func(tx *rbac.Tx) error {
				return tx.DeassignUser(rbac.Membership{User: "mia", Group: "members", Scope: "org:1"})
			}, assignIn("mia", "editors", "org:1"))},
			{"lea", "creates a user in her scope", all(addUser(rbac.User{Name: "nina", Email: "nina@example.org"}), assignIn("nina", "members", "org:1"))},
			{"lea", "disables a user in her scope", editUser("mia", func(u *rbac.User) { u.Disabled = true })},
			{"lea", "renames a user in her scope", editUser("mia", func(u *rbac.User) { u.Name = "maria" })},
			{"lea", "deletes a user in her scope", func(tx *rbac.Tx) error { return tx.DeleteUser("mia") }},
			{"lea", "unlocks a user in her scope", func(tx *rbac.Tx) error { return tx.Unlock("mia") }},
			{"hal", "assigns a new account", assign("newt", "members")},
			{"hal", "assigns a new account in a scope", assignIn("newt", "members", "org:7")},
			{"hal", "modifies a new account", editUser("newt", func(u *rbac.User) { u.Email = "newt@example.org" })},
			{"hal", "creates a user without groups", addUser(rbac.User{Name: "nina"})},
			{"hal", "modifies a member of any scope", editUser("mo", func(u *rbac.User) { u.Note = "x" })},
			{"gil", "assigns in his scope", assignIn("mo", "members", "org:1")},
			{"mo", "changes nothing", func(*rbac.Tx) error { return nil }},
		} {
			t.Run(c.who+" "+c.what, func(t *testing.T) {
				w := h.beside(t)
				a := cooperative(w)
				before := a.Revision()
				must(t, w.as(a, c.who, c.f))
				if a.Revision() == before {
					return // nothing changed
				}
				if last := w.lastChange(a); last.Actor != c.who || last.Verified || !last.ActedFor {
					t.Errorf("the change: %+v", last)
				}
			})
		}
	})
}

// No attack gets past UpdateAs: the last change is denied with a message, and
// nothing is written.
func TestUpdateAsDenies(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		before := contents(t, h.store)
		for _, attack := range attacks() {
			err := h.as(a, attack.who, attack.f)
			denied, ok := errors.AsType[*rbac.DeniedError](err)
			if !ok || denied.Message == "" || denied.Identity.User() != attack.who {
				t.Errorf("%s %s: got %v", attack.who, attack.what, err)
			}
			if after := contents(t, h.store); after != before {
				t.Fatalf("%s %s: something was written\n%s\n%s", attack.who, attack.what, before, after)
			}
			_, err = a.PreviewAs(ctx, denied.Identity, attack.f)
			wantKind(t, err, rbac.ErrDenied)
		}
	})
}

// A change that is denied leaves the transaction usable, and changes before
// it stay.
func TestDeniedChangeIsLeftOut(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		must(t, h.as(a, "lea", func(tx *rbac.Tx) error {
			must(t, assignIn("mia", "editors", "org:1")(tx))
			for _, attack := range attacks() {
				if attack.who == "lea" && !strings.Contains(attack.what, "creates") && !strings.Contains(attack.what, "created") {
					wantKind(t, attack.f(tx), rbac.ErrDenied)
				}
			}
			return nil
		}))
		if last := h.lastChange(a); last.Action != "AssignUser" || last.Actor != "lea" {
			t.Errorf("got %+v", last)
		}
	})
}

// What id may do is looked up before each change: by the ticket's groups, and
// not after the ticket, the user or the membership is gone.
func TestUpdateAsLooksAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		h.do(a, all(assign("ada", "members"), assignIn("ada", "leads", "org:1")))
		whole, narrowed := h.issue(a, rbac.Login{User: "ada"}), h.issue(a, rbac.Login{User: "ada", Groups: []string{"members"}})
		identify := func(tok rbac.Token) *rbac.Identity {
			id, err := a.Identify(ctx, tok)
			must(t, err)
			return id
		}
		wholeID, narrowedID := identify(whole), identify(narrowed)
		must(t, a.UpdateAs(ctx, wholeID, assign("mo", "operators")))
		if last := h.lastChange(a); last.Actor != "ada" || !last.Verified {
			t.Errorf("got %+v", last)
		}
		wantKind(t, a.UpdateAs(ctx, narrowedID, assignIn("mo", "members", "org:1")), rbac.ErrDenied)

		// within an Update: an administrator who resigns may do nothing more
		wantKind(t, a.UpdateAs(ctx, wholeID, all(deassign("ada", "admins"), assign("mo", "admins"))), rbac.ErrDenied)

		must(t, a.Logout(ctx, whole))
		wantKind(t, a.UpdateAs(ctx, wholeID, assign("mia", "operators")), rbac.ErrDenied)

		ada, err := a.Identity(ctx, "ada")
		must(t, err)
		h.do(a, editUser("ada", func(u *rbac.User) { u.Disabled = true }))
		wantKind(t, a.UpdateAs(ctx, ada, assign("mia", "operators")), rbac.ErrDenied)
		h.do(a, func(tx *rbac.Tx) error { return tx.DeleteUser("ada") })
		wantKind(t, a.UpdateAs(ctx, ada, assign("mia", "operators")), rbac.ErrDenied)

		// a membership with an end
		h.do(a, func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "lea", Group: "leads", Scope: "org:1", Until: h.clock.Now().Add(time.Minute)})
		})
		must(t, h.as(a, "lea", assignIn("mia", "editors", "org:1")))
		h.clock.Advance(time.Minute)
		wantKind(t, h.as(a, "lea", assignIn("mo", "editors", "org:1")), rbac.ErrDenied)
	})
}

// Only an Identity of a user of this Authority can change anything.
func TestUpdateAsWhom(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		foreign, err := h.open(rbac.Config{}).Identity(ctx, "ada")
		must(t, err)
		for name, id := range map[string]*rbac.Identity{
			"nil":                    nil,
			"zero":                   {},
			"another Authority's":    foreign,
			"made by the host":       rbac.NewIdentity("ada", []string{"admins"}, []string{"rbac.administer"}),
			"anonymous, by the host": rbac.NewIdentity("", nil, nil),
			"anonymous, identified":  anonymous(t, a),
		} {
			err := a.UpdateAs(ctx, id, assign("mo", "operators"))
			if !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("%s: got %v", name, err)
			}
			must(t, a.View(ctx, func(tx *rbac.Tx) error {
				if groups, err := tx.Assignable(id, ""); len(groups) > 0 || err != nil {
					t.Errorf("%s: may assign %v, %v", name, groups, err)
				}
				return nil
			}))
		}
	})
}

func anonymous(t *testing.T, a *rbac.Authority) *rbac.Identity {
	id, err := a.Identify(ctx, rbac.Token{})
	if err != nil && !errors.Is(err, rbac.ErrNoTicket) {
		t.Fatal(err)
	}
	return id
}

// Assignable lists exactly the groups that UpdateAs lets id assign.
func TestAssignable(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		for _, user := range []string{"ada", "amy", "lea", "hal", "gil", "mo"} {
			id, err := a.Identity(ctx, user)
			must(t, err)
			for _, scope := range []string{"", "org:1", "org:2"} {
				var groups, may, scopes []string
				must(t, a.View(ctx, func(tx *rbac.Tx) error {
					if scopes, err = tx.AssignableScopes(id); err != nil {
						return err
					}
					list, err := tx.Assignable(id, scope)
					groups = nil
					for _, g := range list {
						groups = append(groups, g.Name)
					}
					return err
				}))
				for _, g := range []string{"admins", "aides", "chiefs", "editors", "greeters", "heads", "helpers", "leads", "members", "operators"} {
					err := a.UpdateAs(ctx, id, all(func(tx *rbac.Tx) error {
						return tx.AssignUser(rbac.Membership{User: "mia", Group: g, Scope: scope})
					}, func(*rbac.Tx) error { return errPanicked }))
					if errors.Is(err, errPanicked) || errors.Is(err, rbac.ErrExists) {
						may = append(may, g)
					}
				}
				if !slices.Equal(groups, may) {
					t.Errorf("%s in %q: listed %v, may %v", user, scope, groups, may)
				}
				if inScope := slices.Contains(scopes, scope); inScope && len(may) == 0 || len(may) > 0 && !inScope && !slices.Contains(scopes, "") {
					t.Errorf("%s in %q: may %v, listed are the scopes %q", user, scope, may, scopes)
				}
			}
		}
	})
}

// Administrable reports exactly whether UpdateAs lets id change an account.
func TestAdministrable(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		may, mayNot := 0, 0
		for _, by := range []string{"ada", "amy", "lea", "hal", "gil", "mo"} {
			id, err := a.Identity(ctx, by)
			must(t, err)
			for _, user := range []string{"ada", "amy", "lea", "hal", "gil", "mo", "mia"} {
				var listed bool
				must(t, a.View(ctx, func(tx *rbac.Tx) (err error) {
					listed, err = tx.Administrable(id, user)
					return err
				}))
				err := a.UpdateAs(ctx, id, all(func(tx *rbac.Tx) error { return tx.Unlock(user) }, func(*rbac.Tx) error { return errPanicked }))
				if listed != errors.Is(err, errPanicked) {
					t.Errorf("%s, the account of %s: %t, and UpdateAs returns %v", by, user, listed, err)
				}
				if may++; !listed {
					may--
					mayNot++
				}
			}
		}
		if may < 7 || mayNot < 7 {
			t.Errorf("%d accounts may be changed and %d not; the test proves little", may, mayNot)
		}
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			if yes, err := tx.Administrable(rbac.NewIdentity("ada", nil, nil), "mia"); yes || err != nil {
				t.Errorf("an Identity of nobody: %t, %v", yes, err)
			}
			if _, err := tx.Administrable(rbac.NewIdentity("ada", nil, nil), "nosuch"); !errors.Is(err, rbac.ErrNotFound) {
				t.Errorf("an unknown user: %v", err)
			}
			return nil
		}))
	})
}

// A refusal names who could make the change, and no groups in the text for the
// denied person.
func TestUpdateAsSaysWhoMay(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := cooperative(h)
	for f, want := range map[string]string{
		"mo members": "members of greeters, helpers, leads, or holders of rbac.administer",
		"mo editors": "members of leads, or holders of rbac.administer",
		"lea chiefs": "chiefs in org:1, which inherits operators, is for holders of rbac.administer",
		"lea admins": "admins gives rbac.administer",
	} {
		who, group, _ := strings.Cut(f, " ")
		err := h.as(a, who, assignIn("mia", group, "org:1"))
		denied, ok := errors.AsType[*rbac.DeniedError](err)
		if !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", f, err)
			continue
		}
		if text := denied.WithoutGroups(); strings.Contains(text, "leads") || strings.Contains(text, "admins") {
			t.Errorf("%s: the text for the person: %s", f, text)
		}
	}
}

// A reason that names no group is also for the denied person.
func TestReasonsOfUpdateAs(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := cooperative(h)
	h.do(a, func(tx *rbac.Tx) error { return alone(tx.AddUser(rbac.User{Name: "loose"})) })
	for want, f := range map[string]func(*rbac.Tx) error{
		"the account is in no group yet: only somebody who may assign the group everywhere may assign the account": assignIn("loose", "members", "org:1"),
		"only holders of rbac.administer may do this":                                                              func(tx *rbac.Tx) error { return alone(tx.EndScope("org:1")) },
		"only holders of rbac.administer may set a subject": func(tx *rbac.Tx) error {
			return alone(tx.AddUser(rbac.User{Name: "x", Subject: "x"}))
		},
	} {
		err := h.as(a, "lea", f)
		denied, ok := errors.AsType[*rbac.DeniedError](err)
		if !ok || denied.Message != want || denied.WithoutGroups() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Two Authorities agree at once about what a delegate may do.
func TestDelegationsOfTwoAuthorities(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		b := h.open(rbac.Config{})
		lea, err := b.Identity(ctx, "lea")
		must(t, err)
		for n := range 5 {
			h.do(a, func(tx *rbac.Tx) error { return tx.DeleteDelegation("leads") })
			wantKind(t, b.UpdateAs(ctx, lea, assignIn("mo", "members", "org:1")), rbac.ErrDenied)
			h.do(a, all(func(tx *rbac.Tx) error {
				return tx.AddDelegation(rbac.Delegation{Group: "leads", Assign: []string{"members"}})
			}, func(tx *rbac.Tx) error { return alone(tx.AddGroup(rbac.Group{Name: fmt.Sprint("more", n)})) }))
			must(t, b.UpdateAs(ctx, lea, assignIn("mo", "members", "org:1")))
			must(t, b.UpdateAs(ctx, lea, func(tx *rbac.Tx) error {
				return tx.DeassignUser(rbac.Membership{User: "mo", Group: "members", Scope: "org:1"})
			}))
		}
	})
}
