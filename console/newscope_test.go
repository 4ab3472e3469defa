package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// Among many edits, a name that nobody has is a mistake, and is named: only
// memberships that are as requested are passed over.
func TestUnknownNamesAmongManyEdits(t *testing.T) {
	s := newSite(t)
	for want, fields := range map[string][]string{
		"There is no group edtors.":             {"do", "deassign", "user", "bob", "user", "otto", "group", "edtors"},
		"There is no group raeders.":            {"do", "assign", "user", "bob", "user", "otto", "group", "raeders"},
		"There is no user obt.":                 {"do", "deassign", "user", "bob", "user", "obt", "group", "readers"},
		"There is no user boob.":                {"do", "disable", "user", "bob", "user", "boob"},
		"There is no permission post.wriet.":    {"edit", "do=grant&group=readers&permission=post.wriet", "edit", "do=grant&group=readers&permission=post.write"},
		"There is no such grant: post.wriet to": {"edit", "do=revoke&group=readers&permission=post.wriet", "edit", "do=grant&group=readers&permission=post.write"},
	} {
		page := s.post("amy", "change", append(fields, "back", "users")...)
		if page.StatusCode != http.StatusNotFound || strings.Contains(textOf(page.text), "already as requested") {
			t.Errorf("%v: %d", fields, page.StatusCode)
		}
		checkText(t, page, want)
	}
}

// A scope in which nobody has a membership may be mistyped: the preview says so,
// and the message after a change that takes effect at once.
func TestNewScopesAreNamed(t *testing.T) {
	s := newSite(t)
	page := s.follow("amy", "change", "do", "assign", "user", "bob", "group", "buyers", "scope", "acme-eu", "back", "users")
	checkText(t, page, "acme-eu is a new scope: nobody else has a membership in it.", "Undo")
	page = s.follow("amy", "change", "do", "assign", "user", "otto", "group", "buyers", "scope", "acme-eu", "back", "users")
	page2, _ := s.staged("do", "assign", "user", "lea", "user", "amy", "group", "buyers", "scope", "acme-eu", "back", "users")
	page3 := s.follow("lea", "change", "do", "assign", "user", "bob", "group", "editors", "scope", "org:1", "back", "users")
	for _, page := range []answer{page, page2, page3} {
		if text := textOf(page.text); strings.Contains(text, "new scope") {
			t.Errorf("the scope is not new:\n%s", text)
		}
	}
	page, apply := s.staged("do", "assign", "user", "lea", "user", "amy", "group", "buyers", "scope", "acme-uk", "back", "users")
	checkText(t, page, "acme-uk is a new scope: nobody has a membership in it yet. Check the spelling.")
	checkText(t, s.follow("amy", "change", apply...), "acme-uk is a new scope: nobody else has a membership in it.")
	page, _ = s.staged("do", "grant", "group", "readers", "permission", "pots.*", "back", "users")
	checkText(t, page, "pots.* matches no permission yet. Check the spelling.")
}

// Forms offer the first scopes that there are, to administrators.
func TestFormsOfferScopes(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		for i := range maxOffered + 50 {
			if err := tx.AssignUser(rbac.Membership{User: "otto", Group: "readers", Scope: fmt.Sprintf("team:%03d", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, page := range []string{"user?name=bob", "group?name=readers", "users", "changes", "new-user", "why", "view-as"} {
		text := s.get("amy", page).text
		_, list, _ := strings.Cut(text, `<datalist id="known-scopes">`)
		list, _, _ = strings.Cut(list, "</datalist>")
		if n := strings.Count(list, "<option"); n != maxOffered || !strings.Contains(list, `"org:1"`) || strings.Count(text, `list="known-scopes"`) != 1 {
			t.Errorf("%s offers %d scopes", page, n)
		}
	}
	for _, page := range []string{"user?name=bob", "group?name=readers", "users", "new-user"} {
		if strings.Contains(s.get("lea", page).text, "team:") {
			t.Errorf("%s names scopes of others to lea", page)
		}
	}
}

// The form of an edit that takes effect at once has a field for the reason,
// which reaches the change log.
func TestDirectFormsTakeAReason(t *testing.T) {
	s := filledSite(t)
	found := map[string]bool{}
	for _, user := range []string{"amy", "lea"} {
		for _, f := range s.forms(user) {
			do := f.fields.Get("do")
			if kinds[do].direct || f.action == "link" || f.action == "new-user" {
				found[do+f.action] = true
				if !f.fields.Has("reason") {
					t.Errorf("the form %s of the page %q has no reason", f.kind(), f.page)
				}
			}
		}
	}
	if len(found) < 14 {
		t.Errorf("only %v are found", found)
	}
	for _, do := range []string{"assign", "deassign"} {
		s.follow("amy", "change", "do", do, "user", "otto", "group", "buyers", "reason", "ticket 4711", "back", "user?name=otto")
		if c := s.lastChange(); c.Reason != "ticket 4711" {
			t.Errorf("%s: %+v", do, c)
		}
	}
	s.post("amy", "new-user", "name", "eva", "reason", "joins in May")
	if c := s.lastChange(); c.Reason != "joins in May" {
		t.Errorf("%+v", c)
	}
}

// The page of a group adds and removes members, for delegates too.
func TestMembersOnThePageOfAGroup(t *testing.T) {
	for user, page := range map[string]string{"amy": "group?name=editors", "lea": "group?name=editors&scope=org:1"} {
		s := newSite(t)
		var add, take pageForm
		for _, f := range formsIn(t, page, s.get(user, page).text) {
			if f.fields.Get("do") == "assign" {
				add = f
			}
		}
		add = add.with("user", "bob").with("scope", "org:1").with("until_day", "2026-03-31").with("note", "for March").with("reason", "as asked")
		resp := s.send(user, s.request(add))
		if c := s.lastChange(); resp.StatusCode != http.StatusSeeOther || !s.may("bob", "post.write", "org:1") || c.Reason != "as asked" {
			t.Fatalf("%s: %d, %+v\n%s", user, resp.StatusCode, c, textOf(resp.text))
		}
		after := s.get(user, resp.Header.Get("Location"))
		checkPage(t, page, after)
		checkText(t, after, "gave editors to bob in org:1", "for March")
		for _, f := range formsIn(t, page, after.text) {
			if f.fields.Get("do") == "deassign" && f.fields.Get("user") == "bob" {
				take = f
			}
		}
		if resp = s.send(user, s.request(take)); resp.StatusCode != http.StatusSeeOther || s.may("bob", "post.write", "org:1") {
			t.Errorf("%s: %d", user, resp.StatusCode)
		}
		// A mistyped name keeps the form.
		resp = s.send(user, s.request(add.with("user", "bbo").with("note", "for April")))
		if resp.StatusCode != http.StatusNotFound || !strings.Contains(resp.text, `value="bbo"`) || !strings.Contains(resp.text, `value="for April"`) {
			t.Errorf("%s: %d\n%s", user, resp.StatusCode, resp.text)
		}
	}
}

// A deletion that is refused has no fields, since it cannot be sent.
func TestRefusedDeletionHasNoFields(t *testing.T) {
	s := newSite(t)
	for _, fields := range [][]string{
		{"do", "delete-user", "user", "amy"}, {"do", "delete-group", "group", "admins"}, {"do", "delete-group", "group", "nosuch"},
		{"do", "end-scope", "scope", "org:nowhere"},
	} {
		page, _ := s.staged(append(fields, "back", "users")...)
		if page.StatusCode == http.StatusOK && !strings.Contains(page.text, "already as requested") || strings.Contains(page.text, `name="confirm_name"`) {
			t.Errorf("%v: %d\n%s", fields, page.StatusCode, textOf(page.text))
		}
		if hrefOf(t, page, "Back") != "users" {
			t.Errorf("%v: no way back", fields)
		}
	}
}

// No group is chosen before the person chooses one: a press of the button gives
// nothing.
func TestNoGroupIsChosen(t *testing.T) {
	s := newSite(t)
	page := s.get("amy", "user?name=bob")
	if !strings.Contains(page.text, `<select id="group" name="group" required><option value="">–</option>`) {
		t.Errorf("the form to give a group has a group already:\n%s", page.text)
	}
	if resp := s.post("amy", "change", "do", "assign", "user", "bob", "group", "", "back", "users"); resp.StatusCode < 400 {
		t.Errorf("a form without a group: %d", resp.StatusCode)
	}
}
