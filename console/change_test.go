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

// What happened is announced by screen readers, and has the focus.
func TestMessageIsAnnounced(t *testing.T) {
	s := newSite(t)
	page := s.follow("amy", "change", "do", "disable", "user", "bob", "back", "user?name=bob")
	found := 0
	elements(parsedPage(t, page.text), func(_ *html.Node, attr map[string]string) {
		_, focus := attr["autofocus"]
		if attr["role"] == "status" && attr["tabindex"] == "-1" && focus {
			found++
		}
	})
	if found != 1 {
		t.Errorf("%d messages are announced and focused:\n%s", found, page.text)
	}
}

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
	s.advance(undoTime + time.Second)
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
