package console

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/rbac-go/rbac"
)

// A change of one user takes effect at once, and is undone with one click.
func TestChangeAndUndo(t *testing.T) {
	for _, c := range []struct {
		fields []string
		says   string
		undone string
		state  func(s *site) any
	}{
		{[]string{"do", "assign", "user", "bob", "group", "buyers", "note", "for March"}, "amy gave buyers to bob", "amy took buyers from bob",
			func(s *site) any { return s.may("bob", "order.create", "") }},
		{[]string{"do", "deassign", "user", "bob", "group", "readers", "scope", "org:1"}, "amy took readers from bob in org:1", "amy gave readers to bob in org:1",
			func(s *site) any { return len(s.memberships("bob")) }},
		{[]string{"do", "deassign", "user", "otto", "group", "readers", "scope", "org:2"}, "amy took readers from otto in org:2", "amy gave readers to otto in org:2",
			func(s *site) any {
				if m := s.memberships("otto"); len(m) > 0 {
					return m[0].Until
				}
				return nil
			}},
		{[]string{"do", "modify-membership", "user", "otto", "group", "readers", "scope", "org:2", "note", "longer", "until_day", "2027-01-01"},
			"amy changed the membership of otto in readers in org:2", "amy changed the membership of otto in readers in org:2",
			func(s *site) any { return s.memberships("otto")[0].Until }},
		{[]string{"do", "disable", "user", "bob"}, "amy disabled bob", "amy enabled bob", func(s *site) any { return s.account("bob").Disabled }},
		{[]string{"do", "modify-user", "user", "bob", "name", "bobby", "display_name", "Bobby", "email", "bobby@example.org"},
			"amy changed the account of bobby", "amy changed the account of bob",
			func(s *site) any {
				for _, name := range []string{"bob", "bobby"} {
					if u, err := userOf(s, name); err == nil {
						return u.Name + u.DisplayName + u.Email
					}
				}
				return nil
			}},
	} {
		s := newSite(t)
		before := c.state(s)
		page := s.follow("amy", "change", append(c.fields, "back", "users", "reason", "as asked")...)
		checkText(t, page, c.says, "Undo")
		changed := c.state(s)
		if changed == before {
			t.Errorf("%v changes nothing", c.fields)
		}
		if entry := s.lastChange(); entry.Reason != "as asked" || entry.Actor != "amy" || !entry.Verified {
			t.Errorf("%v: the entry is %+v", c.fields, entry)
		}
		page = s.follow("amy", "change", "undo", undoOf(t, page), "back", "users")
		checkText(t, page, c.undone)
		if got := c.state(s); got != before {
			t.Errorf("%v, undone: %v, want %v", c.fields, got, before)
		}
	}
}

func (s *site) memberships(user string) (list []rbac.Membership) {
	s.t.Helper()
	must(s.t, s.a.View(ctx, func(tx *rbac.Tx) (err error) {
		list, err = tx.AssignedGroups(user)
		return err
	}))
	return list
}

func (s *site) account(user string) rbac.User {
	s.t.Helper()
	u, err := userOf(s, user)
	must(s.t, err)
	return u
}

func userOf(s *site, name string) (u rbac.User, err error) {
	err = s.a.View(ctx, func(tx *rbac.Tx) (err error) {
		u, err = tx.User(name)
		return err
	})
	return u, err
}

func (s *site) lastChange() (last rbac.Change) {
	s.t.Helper()
	must(s.t, s.a.View(ctx, func(tx *rbac.Tx) error {
		for c, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: 1}) {
			last = c
			return err
		}
		return nil
	}))
	return last
}

// undoOf returns the value of the field undo of a page.
func undoOf(t *testing.T, page answer) (undo string) {
	t.Helper()
	elements(parsedPage(t, page.text), func(n *html.Node, attr map[string]string) {
		if n.Data == "input" && attr["name"] == "undo" {
			undo = attr["value"]
		}
	})
	if undo == "" {
		t.Fatalf("no undo:\n%s", textOf(page.text))
	}
	return undo
}

// A message, and an undo, are about changes that the person has made, and only
// for a while: a link can make up neither.
func TestMessagesCannotBeMadeUp(t *testing.T) {
	s := newSite(t)
	before := s.a.Revision()
	s.update(func(tx *rbac.Tx) error { return tx.DeassignUser(rbac.Membership{User: "bob", Group: "readers"}) })
	page := s.get("amy", "users?done="+strconv.FormatInt(int64(before), 10))
	if text := textOf(page.text); strings.Contains(text, "took readers") || strings.Contains(text, "Undo") {
		t.Errorf("a change of somebody else is shown:\n%s", text)
	}
	if resp := s.post("amy", "change", "undo", strconv.FormatInt(int64(before), 10)); resp.StatusCode != http.StatusNotFound {
		t.Errorf("undone: %d", resp.StatusCode)
	}
	page = s.follow("amy", "change", "do", "disable", "user", "bob", "back", "users")
	undo := undoOf(t, page)
	s.now = s.now.Add(undoTime + time.Second)
	if resp := s.post("amy", "change", "undo", undo); resp.StatusCode != http.StatusNotFound || !s.account("bob").Disabled {
		t.Errorf("after a while: %d", resp.StatusCode)
	}
	if page := s.get("amy", "users?done="+undo); strings.Contains(page.text, "disabled bob") {
		t.Error("an old message is shown")
	}
	for _, done := range []string{"x", "-1", "99999999999999999999", "999999"} {
		if resp := s.get("amy", "users?done="+done); resp.StatusCode != http.StatusOK {
			t.Errorf("done=%s: %d", done, resp.StatusCode)
		}
	}
}

// An undo does not run over a change that somebody has made meanwhile.
func TestUndoAfterAnotherChange(t *testing.T) {
	s := newSite(t)
	page := s.follow("amy", "change", "do", "modify-user", "user", "bob", "name", "bob", "display_name", "Bobby", "back", "users")
	s.update(func(tx *rbac.Tx) error {
		u, err := tx.User("bob")
		u.Disabled = true
		if err != nil {
			return err
		}
		return tx.ModifyUser(u)
	})
	resp := s.post("amy", "change", "undo", undoOf(t, page), "back", "users")
	if resp.StatusCode != http.StatusConflict || !s.account("bob").Disabled {
		t.Errorf("%d", resp.StatusCode)
	}
	checkText(t, resp, "Meanwhile, somebody else disabled bob")
}

// A form that was filled before somebody else changed the record is refused, and
// says who changed what.
func TestConflict(t *testing.T) {
	s := newSite(t)
	since := sinceOf(t, s.get("amy", "user?name=bob"))
	s.update(func(tx *rbac.Tx) error { return tx.DeassignUser(rbac.Membership{User: "bob", Group: "readers"}) })
	resp := s.post("amy", "change", "do", "modify-user", "user", "bob", "name", "bob", "since", since, "back", "user?name=bob")
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("%d", resp.StatusCode)
	}
	checkText(t, resp, "Meanwhile, somebody else took readers from bob (2026-03-01 12:00 UTC)")
}

func sinceOf(t *testing.T, page answer) string {
	t.Helper()
	m := regexp.MustCompile(`name="since" value="(\d+)"`).FindStringSubmatch(page.text)
	if m == nil {
		t.Fatal("no revision on the page")
	}
	return m[1]
}

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
	checkText(t, page, "amy granted post.delete to readers", "Rights of 2 users change", "bob gains post.delete", "otto gains post.delete in org:2")
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
	checkText(t, page, "amy gave buyers to bob", "amy gave buyers to otto", "2 users gain order.create")
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
	checkText(t, page, "This would break a separation of duty")
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
		{404, "There is no such record: nobody", []string{"do", "disable", "user", "nobody"}},
		{404, "There is no such record", []string{"do", "deassign", "user", "bob", "group", "editors"}},
		{409, "There is one already", []string{"do", "add-group", "group", "readers"}},
		{422, "Name", []string{"do", "add-group", "group", " x"}},
		{422, "The form could not be understood", []string{"do", "explode", "user", "bob"}},
		{422, "The form could not be understood", []string{"back", "users"}},
		{422, "The form could not be understood", []string{"do", "assign", "user", "bob", "group", "buyers", "until_day", "soon"}},
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
		s.now = s.now.Add(time.Second)
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
