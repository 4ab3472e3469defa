package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// renamed renames a group.
func renamed(tx *rbac.Tx, group, name string) error {
	g, err := tx.Group(group)
	if err != nil {
		return err
	}
	g.Name = name
	return tx.ModifyGroup(g)
}

// remade deletes a group, and makes another by the same name.
func remade(tx *rbac.Tx, group string) error {
	if err := tx.DeleteGroup(group); err != nil {
		return err
	}
	_, err := tx.AddGroup(rbac.Group{Name: group})
	return err
}

// remadeUser deletes a user, and adds another by the same name.
func remadeUser(tx *rbac.Tx, user string) error {
	if err := tx.DeleteUser(user); err != nil {
		return err
	}
	_, err := tx.AddUser(rbac.User{Name: user})
	return err
}

// otherGroups are the ways in which the name editors comes to mean something
// else than before.
var otherGroups = map[string]func(tx *rbac.Tx) error{
	"renamed": func(tx *rbac.Tx) error { return renamed(tx, "editors", "authors") },
	"replaced": func(tx *rbac.Tx) error {
		if err := renamed(tx, "editors", "authors"); err != nil {
			return err
		}
		return renamed(tx, "admins", "editors")
	},
	"deleted": func(tx *rbac.Tx) error { return tx.DeleteGroup("editors") },
	"remade":  func(tx *rbac.Tx) error { return remade(tx, "editors") },
}

// An undo is about the user and the group of the change, and not about others
// that have got their names since.
func TestUndoIsForTheSameRecords(t *testing.T) {
	for name, change := range otherGroups {
		for _, do := range []string{"assign", "deassign", "modify-membership"} {
			s := newSite(t)
			if do != "assign" {
				s.update(func(tx *rbac.Tx) error { return tx.AssignUser(rbac.Membership{User: "bob", Group: "editors"}) })
			}
			to := s.post("amy", "change", "do", do, "user", "bob", "group", "editors", "note", "x", "back", "users").Header.Get("Location")
			undo := undoOf(t, s.get("amy", to))
			s.update(change)
			if strings.Contains(textOf(s.get("amy", to).text), "Undo") {
				t.Errorf("%s, %s: an undo is offered", do, name)
			}
			before := s.a.Revision()
			resp := s.post("amy", "change", "undo", undo, "back", "users")
			if resp.StatusCode != http.StatusConflict || s.a.Revision() != before {
				t.Errorf("%s, %s: %d", do, name, resp.StatusCode)
			}
			checkText(t, resp, "The group editors has been deleted or renamed since this change, or another group has the name now. Nothing was changed.")
		}
	}
	for _, do := range []string{"deassign", "disable", "modify-user"} {
		s := newSite(t)
		page := s.follow("amy", "change", "do", do, "user", "bob", "group", "readers", "name", "bob", "back", "users")
		s.update(func(tx *rbac.Tx) error { return remadeUser(tx, "bob") })
		resp := s.post("amy", "change", "undo", undoOf(t, page), "back", "users")
		if resp.StatusCode != http.StatusConflict || len(s.memberships("bob")) != 0 {
			t.Errorf("%s: %d", do, resp.StatusCode)
		}
		checkText(t, resp, "The user bob has been deleted or renamed since this change")
	}
}

// An undo gives nothing else than what was taken: a group that has got another
// permission meanwhile is not given back.
func TestUndoGivesNoMore(t *testing.T) {
	s := newSite(t)
	page := s.follow("amy", "change", "do", "deassign", "user", "bob", "group", "readers", "back", "users")
	s.update(func(tx *rbac.Tx) error {
		return tx.GrantPermission(rbac.Grant{Group: "readers", Permission: "post.delete"})
	})
	resp := s.post("amy", "change", "undo", undoOf(t, page), "back", "users")
	if resp.StatusCode != http.StatusConflict || s.may("bob", "post.delete", "") {
		t.Errorf("%d", resp.StatusCode)
	}
	checkText(t, resp, "Meanwhile, somebody else granted post.delete to readers")
}

// A form names its groups. It does not act on another group that has got such a
// name since the page was shown.
func TestFormsAreForTheSameGroups(t *testing.T) {
	for name, change := range otherGroups {
		for _, c := range []struct {
			page, action string
			fields       []string
		}{
			{"user?name=bob", "change", []string{"do", "assign", "user", "bob", "group", "editors"}},
			{"group?name=editors", "change", []string{"do", "assign", "user", "bob", "group", "editors"}},
			{"group?name=leads", "change", []string{"do", "inherit", "group", "leads", "junior", "editors"}},
			{"delegations", "change", []string{"do", "set-delegation", "group", "buyers", "member", "editors"}},
			{"new-user", "new-user", []string{"name", "eve", "group", "editors", "password", "correct horse battery staple"}},
		} {
			s := newSite(t)
			since := sinceOf(t, s.get("amy", c.page))
			s.update(change)
			before := s.a.Revision()
			fields := append(c.fields, "since", since, "back", "users")
			resp := s.post("amy", c.action, fields...)
			if resp.StatusCode == http.StatusOK { // a preview
				resp = s.post("amy", "change", hiddenFields(t, resp)...)
			}
			if resp.StatusCode != http.StatusConflict && resp.StatusCode != http.StatusNotFound || s.a.Revision() != before {
				t.Errorf("%s, %s: %d", c.page, name, resp.StatusCode)
			}
		}
	}
}

// Every form that names a user or a group has the revision of the page. To end
// sessions is urgent, and harms nobody.
func TestFormsRememberTheRevision(t *testing.T) {
	s := filledSite(t)
	for _, user := range []string{"amy", "lea"} {
		for _, f := range s.forms(user) {
			do := f.fields.Get("do")
			names := kinds[do].records != nil || f.action == "link" || f.action == "new-user"
			if names && !strings.HasPrefix(do, "end-session") && f.fields.Get("since") == "" {
				t.Errorf("the form %s of the page %q has no revision", f.kind(), f.page)
			}
		}
	}
}

// A link, and the end of an account, are for the user whom the page showed.
func TestFormsAreForTheSameUser(t *testing.T) {
	s := newSite(t)
	since := sinceOf(t, s.get("amy", "user?name=bob"))
	s.update(func(tx *rbac.Tx) error { return remadeUser(tx, "bob") })
	before := s.a.Revision()
	resp := s.post("amy", "link", "user", "bob", "purpose", "reset", "since", since)
	if resp.StatusCode != http.StatusConflict || strings.Contains(resp.text, "link=") {
		t.Errorf("%d\n%s", resp.StatusCode, textOf(resp.text))
	}
	_, apply := s.staged("do", "delete-user", "user", "bob", "since", since, "back", "users")
	resp = s.post("amy", "change", append(apply, "confirm_name", "bob")...)
	if resp.StatusCode != http.StatusConflict || s.a.Revision() != before {
		t.Errorf("%d", resp.StatusCode)
	}
}

// An undo restores everything that the change did, or is not offered. What
// followed from the change, and stays, is said.
func TestUndoRestoresTheWhole(t *testing.T) {
	s := newSite(t)
	const rest = "Undo does not bring back the sessions, API keys and links that have ended."
	page := s.follow("amy", "change", "do", "disable", "user", "bob", "back", "users") // bob is signed in
	checkText(t, page, "Undo", rest)
	page = s.follow("amy", "change", "do", "disable", "user", "otto", "back", "users")
	if text := textOf(page.text); !strings.Contains(text, "Undo") || strings.Contains(text, rest) {
		t.Errorf("otto has no session:\n%s", text)
	}
	for about, change := range map[string]func(tx *rbac.Tx) error{
		"a state and a note": func(tx *rbac.Tx) error {
			return modified(tx, "lea", func(u *rbac.User) { u.Disabled, u.Note = true, "on leave" })
		},
		"a subject": func(tx *rbac.Tx) error {
			return modified(tx, "lea", func(u *rbac.User) { u.Note, u.Subject = "on leave", "lea@idp" })
		},
		"a group with a member":  func(tx *rbac.Tx) error { return tx.DeleteGroup("leads") },
		"a user with a group":    func(tx *rbac.Tx) error { return tx.DeleteUser("lea") },
		"a scope of two members": func(tx *rbac.Tx) error { return second(tx.EndScope("org:1")) },
		"two memberships": func(tx *rbac.Tx) error {
			if err := tx.AssignUser(rbac.Membership{User: "lea", Group: "readers"}); err != nil {
				return err
			}
			return tx.AssignUser(rbac.Membership{User: "lea", Group: "buyers"})
		},
	} {
		s := newSite(t)
		before := s.a.Revision()
		amy := must1(s.a.Identify(ctx, s.token["amy"]))
		must(t, s.a.UpdateAs(ctx, amy, change))
		done := "users?done=" + before.String()
		page := s.get("amy", done)
		if !strings.Contains(page.text, `class="message"`) || strings.Contains(page.text, `name="undo"`) {
			t.Errorf("%s: there is no message, or an undo is offered:\n%s", about, textOf(page.text))
		}
		if resp := s.post("amy", "change", "undo", before.String()); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: undone: %d", about, resp.StatusCode)
		}
	}
}

func modified(tx *rbac.Tx, user string, f func(u *rbac.User)) error {
	u, err := tx.User(user)
	if err != nil {
		return err
	}
	f(&u)
	return tx.ModifyUser(u)
}
