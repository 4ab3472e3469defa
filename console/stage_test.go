package console

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/rbac-go/rbac"
)

// staged sends a form that is staged, and returns the page and the fields that
// apply the edits.
func (s *site) staged(fields ...string) (page answer, apply []string) {
	s.t.Helper()
	page = s.post("amy", "change", fields...)
	return page, hiddenFields(s.t, page)
}

// hiddenFields returns the hidden fields of a page, in pairs.
func hiddenFields(t *testing.T, page answer) (list []string) {
	elements(parsedPage(t, page.text), func(n *html.Node, attr map[string]string) {
		if n.Data == "input" && attr["type"] == "hidden" {
			list = append(list, attr["name"], attr["value"])
		}
	})
	return list
}

// A change that reaches many users is shown with its effect, and made when it is
// confirmed.
func TestStaged(t *testing.T) {
	s := newSite(t)
	before := s.a.Revision()
	page, apply := s.staged("do", "grant", "group", "readers", "permission", "post.delete", "back", "group?name=readers")
	if page.StatusCode != http.StatusOK || s.a.Revision() != before {
		t.Fatalf("%d", page.StatusCode)
	}
	checkText(t, page, "post.delete will be granted to readers", "Rights of 2 users change", "bob gains post.delete", "otto gains post.delete in org:2")
	checkPage(t, "stage", page)
	page = s.follow("amy", "change", append(apply, "reason", "spring cleaning")...)
	checkText(t, page, "amy granted post.delete to readers")
	if !s.may("bob", "post.delete", "") || s.lastChange().Reason != "spring cleaning" {
		t.Error("the grant was not made")
	}
	// Sent again, the form changes nothing.
	before = s.a.Revision()
	s.post("amy", "change", append(apply, "reason", "spring cleaning")...)
	if s.a.Revision() != before {
		t.Error("the form was applied twice")
	}
}

// Staged edits are not applied over the change of somebody else. The page shows
// who has changed what, keeps the edits, and shows their effect now.
func TestStagedConflict(t *testing.T) {
	s := newSite(t)
	_, apply := s.staged("do", "grant", "group", "readers", "permission", "post.delete", "back", "groups")
	s.update(func(tx *rbac.Tx) error {
		return tx.GrantPermission(rbac.Grant{Group: "readers", Permission: "post.write"})
	})
	resp := s.post("amy", "change", apply...)
	if resp.StatusCode != http.StatusConflict || s.may("bob", "post.delete", "") {
		t.Fatalf("%d", resp.StatusCode)
	}
	checkText(t, resp, "Meanwhile, somebody else granted post.write to readers", "bob gains post.delete")
	s.follow("amy", "change", hiddenFields(t, resp)...)
	if !s.may("bob", "post.delete", "") {
		t.Error("confirmed again, the grant was not made")
	}
}

// What cannot be brought back asks for the name.
func TestDeletionAsksForTheName(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields []string
	}{
		{"otto", []string{"do", "delete-user", "user", "otto"}},
		{"readers", []string{"do", "delete-group", "group", "readers"}},
		{"org:2", []string{"do", "end-scope", "scope", "org:2"}},
	} {
		s := newSite(t)
		before := s.a.Revision()
		page, apply := s.staged(append(c.fields, "back", "users")...)
		checkText(t, page, "Type "+c.name+" to confirm")
		for _, wrong := range []string{"", "wrong", strings.ToUpper(c.name)} {
			resp := s.post("amy", "change", append(apply, "confirm_name", wrong)...)
			if resp.StatusCode != http.StatusUnprocessableEntity || s.a.Revision() != before {
				t.Errorf("%s, confirmed by %q: %d", c.name, wrong, resp.StatusCode)
			}
		}
		s.follow("amy", "change", append(apply, "confirm_name", c.name)...)
		if s.a.Revision() == before {
			t.Errorf("%s: nothing was done", c.name)
		}
	}
}

// Many users are changed together, or nobody.
func TestBulk(t *testing.T) {
	s := newSite(t)
	page, apply := s.staged("do", "assign", "user", "bob", "user", "otto", "group", "buyers", "until_day", "2026-03-31", "back", "users")
	checkText(t, page, "bob will get buyers", "otto will get buyers", "2 users gain order.create")
	s.follow("amy", "change", apply...)
	for _, user := range []string{"bob", "otto"} {
		i := 0
		for _, m := range s.memberships(user) {
			if m.Group == "buyers" && m.Until.Equal(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)) {
				i++
			}
		}
		if i != 1 {
			t.Errorf("%s is in %+v", user, s.memberships(user))
		}
	}
	before := s.a.Revision()
	page, _ = s.staged("do", "assign", "user", "bob", "user", "lea", "user", "otto", "group", "approvers", "back", "users")
	if page.StatusCode != http.StatusConflict || s.a.Revision() != before {
		t.Errorf("%d", page.StatusCode)
	}
	checkText(t, page, "This would break the separation of duty")
}

// The refusals of the store are told in the language of the page.
func TestRefusals(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		status int
		says   string
		fields []string
	}{
		{409, "the last", []string{"do", "deassign", "user", "amy", "group", "admins"}},
		{409, "the last", []string{"do", "disable", "user", "amy"}},
		{404, "There is no user nobody.", []string{"do", "disable", "user", "nobody"}},
		{404, "There is no such membership: bob in editors.", []string{"do", "deassign", "user", "bob", "group", "editors"}},
		{409, "This exists already", []string{"do", "add-group", "group", "readers"}},
		{422, "Name", []string{"do", "add-group", "group", " x"}},
		{422, "The form could not be understood", []string{"do", "explode", "user", "bob"}},
		{422, "Nothing was selected", []string{"back", "users"}},
		{422, "Nothing was selected", []string{"do", "disable"}},
		{422, "The day is not valid", []string{"do", "assign", "user", "bob", "group", "buyers", "until_day", "soon"}},
		{422, "The form could not be understood", []string{"do", "assign", "user", "bob", "group", "buyers", "since", "x"}},
		{404, "There is no such record", []string{"do", "end-session", "user", "bob", "ticket", "00000000-0000-0000-0000-000000000000"}},
	} {
		resp := s.post("amy", "change", append(c.fields, "back", "users")...)
		if resp.StatusCode != c.status {
			t.Errorf("%v: %d, want %d\n%s", c.fields, resp.StatusCode, c.status, textOf(resp.text))
			continue
		}
		if c.says != "the last" {
			checkText(t, resp, c.says)
		} else {
			checkText(t, resp, "last holder")
		}
	}
	many := []string{}
	for range maxEdits + 1 {
		many = append(many, "edit", "do=disable&user=bob")
	}
	if resp := s.post("amy", "change", many...); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("too many edits: %d", resp.StatusCode)
	}
}

// A single session ends, and no other.
func TestEndSession(t *testing.T) {
	s := newSite(t)
	other := must1(s.a.Issue(ctx, rbac.Login{User: "bob"}))
	ticket := must1(s.a.Ticket(ctx, s.token["bob"]))
	s.follow("amy", "change", "do", "end-session", "user", "bob", "ticket", ticket.ID.String(), "back", "sessions")
	if _, err := s.a.Identify(ctx, s.token["bob"]); err == nil {
		t.Error("the session is alive")
	}
	if _, err := s.a.Identify(ctx, other); err != nil {
		t.Errorf("the other session: %v", err)
	}
}

// A link is shown once, to those who may issue it.
func TestLink(t *testing.T) {
	s := newSite(t)
	resp := s.post("amy", "link", "user", "bob", "purpose", "reset")
	m := regexp.MustCompile(`https://app\.example\.com/password\?link=([\w-]{43})`).FindStringSubmatch(resp.text)
	if resp.StatusCode != http.StatusOK || m == nil {
		t.Fatalf("%d\n%s", resp.StatusCode, textOf(resp.text))
	}
	token, err := rbac.ParseToken(m[1])
	must(t, err)
	must(t, s.a.ResetPassword(ctx, token, "correct horse battery staple"))
	for _, purpose := range []string{"", "forgot", "verify", "x"} {
		if resp := s.post("amy", "link", "user", "bob", "purpose", purpose); resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", purpose, resp.StatusCode)
		}
	}
}

// A form leads back to a page of the console, and nowhere else.
func TestBack(t *testing.T) {
	s := newSite(t)
	for back, want := range map[string]string{
		"users?state=disabled": "users?done=", "//evil.example/": "?done=", "https://evil.example/": "?done=", "/etc": "?done=",
		"change": "?done=", "javascript:alert(1)": "?done=", "users?done=1": "users?done=", "%": "?done=", "../users": "?done=",
	} {
		s.advance(time.Second)
		do := "disable"
		if s.account("bob").Disabled {
			do = "enable"
		}
		resp := s.post("amy", "change", "do", do, "user", "bob", "back", back)
		if got := resp.Header.Get("Location"); !strings.HasPrefix(strings.TrimPrefix(got, "./"), want) {
			t.Errorf("%q leads to %q", back, got)
		}
	}
}

// Edits are made only with the effect that was shown.
func TestOnlyTheEffectShown(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error { return tx.AddInheritance(rbac.Inheritance{Senior: "buyers", Junior: "leads"}) })
	_, apply := s.staged("do", "assign", "user", "bob", "user", "otto", "group", "buyers", "back", "users")
	s.update(func(tx *rbac.Tx) error { return tx.GrantPermission(rbac.Grant{Group: "leads", Permission: "*"}) })
	resp := s.post("amy", "change", apply...)
	if resp.StatusCode != http.StatusConflict || s.may("otto", "rbac.administer", "") {
		t.Fatalf("%d", resp.StatusCode)
	}
	checkText(t, resp, "so the edits now have another effect than shown before", "2 users gain rbac.administer")
	s.follow("amy", "change", hiddenFields(t, resp)...)
	if !s.may("otto", "rbac.administer", "") {
		t.Error("confirmed again, the edits were not made")
	}
}

// What is already so does not stand in the way of the other users.
func TestBulkPassesOver(t *testing.T) {
	s := newSite(t)
	_, apply := s.staged("do", "assign", "user", "bob", "user", "lea", "group", "readers", "back", "users")
	s.follow("amy", "change", apply...)
	_, apply = s.staged("do", "deassign", "user", "bob", "user", "otto", "group", "readers", "back", "users")
	s.follow("amy", "change", apply...)
	if !s.may("lea", "post.read", "") || s.may("bob", "post.read", "") {
		t.Error("lea is a reader everywhere, and bob no longer")
	}
}

// An undo gives nothing else than what was taken: what it cannot give is not
// offered.
func TestNoUndoThatChangesMore(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "otto", Group: "buyers", Source: "ldap"})
	})
	page := s.follow("amy", "change", "do", "deassign", "user", "otto", "group", "buyers", "back", "users")
	if strings.Contains(textOf(page.text), "Undo") {
		t.Error("a membership of a provider would come back as an administrator's")
	}
	link := must1(s.a.IssueLink(ctx, rbac.Link{User: "otto", Purpose: rbac.LinkVerify}))
	must(t, s.a.RedeemLink(ctx, link, rbac.LinkVerify, nil))
	page = s.follow("amy", "change", "do", "modify-user", "user", "otto", "name", "otto", "email", "o@example.org", "back", "users")
	if strings.Contains(textOf(page.text), "Undo") {
		t.Error("the address would come back unverified")
	}
}

// Somebody who has got the name of an administrator undoes nothing of before.
func TestUndoIsForTheSamePerson(t *testing.T) {
	s := newSite(t)
	page := s.follow("amy", "change", "do", "deassign", "user", "bob", "group", "readers", "back", "users")
	undo := undoOf(t, page)
	s.update(func(tx *rbac.Tx) error {
		u, err := tx.User("amy")
		if err != nil {
			return err
		}
		u.Name = "amelia"
		if err := tx.ModifyUser(u); err != nil {
			return err
		}
		if _, err := tx.AddUser(rbac.User{Name: "amy"}); err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "amy", Group: "admins"})
	})
	s.token["amy"] = must1(s.a.Issue(ctx, rbac.Login{User: "amy"}))
	if resp := s.post("amy", "change", "undo", undo, "back", "users"); resp.StatusCode != http.StatusConflict || s.may("bob", "post.read", "") {
		t.Errorf("%d", resp.StatusCode)
	}
}

// The name to type is that of the record, with all its spaces, and a slip keeps
// the revision of the form.
func TestNameToType(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "otto", Group: "readers", Scope: " a"})
	})
	page, apply := s.staged("do", "delete-user", "user", "otto", "set", "x", "scope", "y", "back", "users")
	checkText(t, page, "Type otto to confirm")
	since := sinceOf(t, page)
	s.update(func(tx *rbac.Tx) error { return tx.DeassignUser(rbac.Membership{User: "bob", Group: "readers"}) })
	if slip := s.post("amy", "change", append(apply, "confirm_name", "x")...); sinceOf(t, slip) != since {
		t.Error("a slip moves the revision")
	}
	_, apply = s.staged("do", "end-scope", "scope", " a", "back", "scopes")
	s.follow("amy", "change", append(apply, "confirm_name", " a")...)
	if len(s.memberships("otto")) != 1 {
		t.Errorf("otto is in %+v", s.memberships("otto"))
	}
}
