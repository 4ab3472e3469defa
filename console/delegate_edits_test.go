package console

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
)

// delegateForm adds users to org:1, and returns a form in which lea makes them
// editors.
func (s *site) delegateForm(users int) (fields []string) {
	s.t.Helper()
	s.update(func(tx *rbac.Tx) error {
		for i := range users {
			name := fmt.Sprintf("user%03d", i)
			if _, err := tx.AddUser(rbac.User{Name: name}); err != nil {
				return err
			}
			if err := tx.AssignUser(rbac.Membership{User: name, Group: "readers", Scope: "org:1"}); err != nil {
				return err
			}
			fields = append(fields, "user", name)
		}
		return nil
	})
	return append(fields, "do", "assign", "group", "editors", "scope", "org:1", "back", "users")
}

// What a delegate sees, and may give, is asked before the Update, in which all
// other Updates wait, and once for each user and scope.
func TestDelegateIsAskedOnce(t *testing.T) {
	s := hookedSite(t)
	calls := map[string]int{}
	count := hooks{call: func(c storefault.Call) error {
		if c.Update {
			calls["Update "+c.Name]++
		} else {
			calls["View "+c.Name]++
		}
		return nil
	}}
	form := s.delegateForm(maxDelegateEdits)
	page := s.postWith(count, "lea", "en", form...)
	checkText(t, page, "and 80 more changes")
	resp := s.postWith(count, "lea", "en", hiddenFields(t, page)...)
	if resp.StatusCode != http.StatusSeeOther || !s.may("user099", "post.write", "org:1") {
		t.Fatalf("%d\n%s", resp.StatusCode, textOf(resp.text))
	}
	// The preview, the check before it, and the same again to apply the edits. A
	// preview reads the memberships of all users at once, before and after.
	for call, most := range map[string]int{
		"Update Groups": 2, "Update Memberships": 4,
		"View Groups": 10, "View Memberships": 2*maxDelegateEdits + 10,
	} {
		if calls[call] > most {
			t.Errorf("%s was called %d times, want at most %d", call, calls[call], most)
		}
	}
}

// A delegate sends fewer edits at once than an administrator.
func TestDelegateSendsFewerEdits(t *testing.T) {
	s := newSite(t)
	form := s.delegateForm(maxDelegateEdits + 1)
	page := s.post("lea", "change", form...)
	checkText(t, page, "At most "+strconv.Itoa(maxDelegateEdits)+" changes can be made at once.")
	if page.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", page.StatusCode)
	}
	if page = s.post("amy", "change", form...); page.StatusCode != http.StatusOK {
		t.Errorf("an administrator: %d", page.StatusCode)
	}
}

// The page of a user has the form of the account for delegates exactly if they
// may change the account. Each button of the form works, and the note, which
// delegates do not see, stays.
func TestDelegateHasTheFormOfTheAccount(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "nina", Email: "nina@example.org", Note: "a secret note"})
		if err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "nina", Group: "readers", Scope: "org:1"})
	})
	checkText(t, s.get("lea", "user?name=bob&scope=org:1"), "readers") // bob is a reader everywhere, too
	if text := s.get("lea", "user?name=bob&scope=org:1").text; strings.Contains(text, "modify-user") || strings.Contains(text, "delete-user") {
		t.Errorf("the page has a form for an account that lea may not change:\n%s", textOf(text))
	}
	page := s.get("lea", "user?name=nina")
	checkText(t, page, "Account", "User name", "Display name", "E-mail", "Disable", "Clear failed logins", "Invitation", "End all sessions and keys", "Delete…")
	checkPage(t, "user", page)
	for _, hidden := range []string{"a secret note", "History", "Effective rights", "e-mail verified"} {
		if strings.Contains(page.text, hidden) {
			t.Errorf("the page shows %q to a delegate", hidden)
		}
	}
	done := s.follow("lea", "change", "do", "modify-user", "user", "nina", "name", "nina", "display_name", "Nina", "email", "n@example.org", "back", "user?name=nina")
	checkText(t, done, "lea changed the account of nina")
	if u := s.account("nina"); u.Note != "a secret note" || u.DisplayName != "Nina" || u.Email != "n@example.org" {
		t.Errorf("the account is %+v", u)
	}
	undo := hiddenFields(t, done)
	if i := slices.Index(undo, "undo"); i < 0 {
		t.Error("no undo is offered")
	} else {
		s.follow("lea", "change", "undo", undo[i+1], "back", "user?name=nina")
	}
	if u := s.account("nina"); u.Note != "a secret note" || u.DisplayName != "" || u.Email != "nina@example.org" {
		t.Errorf("after the undo, the account is %+v", u)
	}
	// An administrator sees the note, and can delete the note.
	s.follow("amy", "change", "do", "modify-user", "user", "nina", "name", "nina", "note", "", "back", "user?name=nina")
	if u := s.account("nina"); u.Note != "" {
		t.Errorf("the note is %q, want none", u.Note)
	}
	for _, f := range formsIn(t, "user?name=nina", s.get("lea", "user?name=nina").text) {
		if f.fields.Get("purpose") != "" || f.fields.Get("do") == "end-sessions" {
			if resp := s.send("lea", s.request(f)); resp.StatusCode >= 400 {
				t.Errorf("%v: %d\n%s", f, resp.StatusCode, textOf(resp.text))
			}
		}
	}
}
