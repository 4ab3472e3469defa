package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/rbac-go/rbac"
)

// An edit that takes effect at once is not lost in a conflict: the page shows
// what somebody else has done, the effect of the edit now, and a form that
// applies the edit.
func TestConflictKeepsTheEdit(t *testing.T) {
	s := newSite(t)
	since := sinceOf(t, s.get("amy", "user?name=bob"))
	s.update(func(tx *rbac.Tx) error { return tx.DeassignUser(rbac.Membership{User: "bob", Group: "readers"}) })
	resp := s.post("amy", "change", "do", "modify-user", "user", "bob", "name", "bob", "display_name", "Bobby", "since", since, "back", "user?name=bob")
	checkText(t, resp, "Meanwhile, somebody else took readers from bob", "the account of bob will be changed", "Display nameThe bob Bobby")
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("%d", resp.StatusCode)
	}
	checkText(t, s.follow("amy", "change", hiddenFields(t, resp)...), "amy changed the account of bob", "Bobby")
}

// The note and the end of a membership are changed on the page of the user, and
// the end stays what it was unless it is changed.
func TestModifyMembership(t *testing.T) {
	s := newSite(t)
	page := s.get("amy", "user?name=otto")
	checkPage(t, "user", page)
	if !strings.Contains(page.text, `name="until_day" type="date" value="2026-03-08"`) {
		t.Error("the form does not have the day on which the membership ends")
	}
	membership := func() (m rbac.Membership) {
		must(t, s.a.View(ctx, func(tx *rbac.Tx) error {
			m = must1(tx.AssignedGroups("otto"))[0]
			return nil
		}))
		return m
	}
	fields := []string{"do", "modify-membership", "user", "otto", "group", "readers", "scope", "org:2", "back", "user?name=otto"}
	checkText(t, s.follow("amy", "change", append(fields, "until_day", "2026-03-20", "note", "a month")...), "amy changed the membership of otto in readers in org:2", "a month", "Undo")
	if m := membership(); !m.Until.Equal(time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)) || m.Note != "a month" {
		t.Errorf("the membership is %+v", m)
	}
	if page := s.get("amy", "user?name=otto"); !strings.Contains(page.text, `name="until_day" type="date" value="2026-03-20"`) {
		t.Error("the form has another day than the form that was sent")
	}
	s.follow("amy", "change", fields...)
	if m := membership(); !m.Until.IsZero() || m.Note != "" {
		t.Errorf("without a day and a note, the membership is %+v", m)
	}
}

// A user's memberships are listed page by page.
func TestManyMemberships(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		for i := range 118 {
			if err := tx.AssignUser(rbac.Membership{User: "bob", Group: "readers", Scope: fmt.Sprintf("team:%03d", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	seen := 0
	for next := "user?name=bob"; next != ""; next = nextMemberships(t, s.get("amy", next)) {
		seen += strings.Count(s.get("amy", next).text, `aria-label="Take `)
	}
	if seen != 120 {
		t.Errorf("%d memberships are listed, want 120", seen)
	}
	for _, from := range []string{"-5", "1000", "x"} {
		if resp := s.get("amy", "user?name=bob&memberships="+from); resp.StatusCode != http.StatusOK {
			t.Errorf("from %s: %d", from, resp.StatusCode)
		}
	}
}

func nextMemberships(t *testing.T, page answer) string {
	t.Helper()
	href := hrefOf(t, page, "Next page")
	if u, err := url.Parse(href); err != nil || !u.Query().Has("memberships") {
		return ""
	}
	return href
}

// The preview of a new set names the users who would violate the set.
func TestViolators(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		for _, m := range []rbac.Membership{{User: "bob", Group: "buyers"}, {User: "otto", Group: "editors"}} {
			if err := tx.AssignUser(m); err != nil {
				return err
			}
		}
		return nil
	})
	page, _ := s.staged("do", "create-set", "kind", "static", "set", "clash", "cardinality", "2", "member", "readers", "member", "buyers", "back", "separation")
	checkText(t, page, "These users have too many of the groups bob")
	if text := textOf(page.text); page.StatusCode != http.StatusConflict || strings.Contains(text, "otto") || strings.Contains(text, "Apply") {
		t.Errorf("%d\n%s", page.StatusCode, text)
	}
	page, _ = s.staged("do", "create-set", "kind", "static", "set", "clash", "cardinality", "3", "member", "readers", "member", "buyers", "member", "leads", "back", "separation")
	if text := textOf(page.text); page.StatusCode != http.StatusOK || strings.Contains(text, "too many") {
		t.Errorf("a set that nobody violates: %d\n%s", page.StatusCode, text)
	}
}

// A set that somebody else has changed meanwhile is not deleted.
func TestDeletedSetConflict(t *testing.T) {
	s := newSite(t)
	_, apply := s.staged("do", "delete-set", "kind", "static", "set", "purchase", "since", sinceOf(t, s.get("amy", "separation")), "back", "separation")
	s.update(func(tx *rbac.Tx) error { return tx.AddSSDSetMember("purchase", "leads") })
	resp := s.post("amy", "change", append(apply, "confirm_name", "purchase")...)
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("%d", resp.StatusCode)
	}
	checkText(t, resp, "Meanwhile, somebody else added leads to the separation set purchase")
}

// Each entry of the change log leads to its records.
func TestChangesLeadToRecords(t *testing.T) {
	s := newSite(t)
	s.follow("amy", "change", "do", "assign", "user", "bob", "group", "editors", "back", "users")
	page := s.get("amy", "changes?subject=bob")
	if got := []string{hrefOf(t, page, "bob"), hrefOf(t, page, "editors")}; !slices.Equal(got, []string{"user?name=bob", "group?name=editors"}) {
		t.Errorf("the links are %q", got)
	}
	page = s.get("amy", "changes?subject=editors&action=GrantPermission")
	if strings.Contains(page.text, `href="permission?name=post`) {
		t.Error("a pattern has a link")
	}
	for action := range recordPages {
		if builtIn[0].T("change."+action) == "change."+action {
			t.Errorf("there is no action %s", action)
		}
	}
}

// Sessions, scopes and separation sets can be loaded as tables, with the filter
// of the page.
func TestMoreCSV(t *testing.T) {
	s := newSite(t)
	for page, want := range map[string][]string{
		"sessions?format=csv":          {`"amy","Session","","2026-03-01T12:00:00Z"`, `"bob","Session"`},
		"sessions?format=csv&user=bob": {`"bob","Session"`},
		"scopes?format=csv":            {`"org:1"`, `"org:2"`},
		"scopes?format=csv&q=2":        {`"org:2"`},
		"separation?format=csv":        {`"purchase","Static: may have","2","approvers, buyers"`},
	} {
		resp := s.get("amy", page)
		for _, w := range want {
			if !strings.Contains(resp.text, w) {
				t.Errorf("%s lacks %s:\n%s", page, w, resp.text)
			}
		}
		if strings.Contains(page, "user=bob") && strings.Contains(resp.text, "amy") || strings.Contains(page, "q=2") && strings.Contains(resp.text, "org:1") {
			t.Errorf("%s ignores the filter:\n%s", page, resp.text)
		}
		if got := resp.Header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
			t.Errorf("%s is %s", page, got)
		}
	}
}

// An administrator adds a user with a password in place of an invitation. A
// delegate cannot, and a password that breaks the rules adds nobody.
func TestNewUserWithPassword(t *testing.T) {
	s := newSite(t)
	const password = "correct horse battery staple"
	page := s.follow("amy", "new-user", "name", "robot", "group", "readers", "password", password)
	checkText(t, page, "amy added the user robot", "amy gave readers to robot", "PasswordSet")
	if strings.Contains(page.text, password) || strings.Contains(page.text, "link=") {
		t.Error("the page shows a secret")
	}
	must(t, second(s.a.Login(ctx, rbac.Login{User: "robot", Password: password})))
	for user, want := range map[string]int{"amy": http.StatusUnprocessableEntity, "lea": http.StatusForbidden} {
		fields := []string{"name", "eve", "group", "readers", "scope", "org:1", "password", map[string]string{"amy": "qwerty-7", "lea": password}[user]}
		resp := s.post(user, "new-user", fields...)
		if resp.StatusCode != want || strings.Contains(resp.text, fields[7]) {
			t.Errorf("%s: %d\n%s", user, resp.StatusCode, textOf(resp.text))
		}
	}
	must(t, s.a.View(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.User("eve"); err == nil {
			t.Error("eve was added")
		}
		return nil
	}))
}

// An edit that is refused is shown with what was typed, and can be corrected.
func TestCorrectARefusedEdit(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		fields       []string
		status       int
		name, value  string // of the field to correct
		correct, see string
	}{
		{[]string{"do", "add-group", "group", "readers", "note", "of news"}, 409, "group", "readers", "subscribers", "amy added the group subscribers"},
		{[]string{"do", "modify-user", "user", "bob", "name", "bob", "email", "amy@example.org"}, 409, "email", "amy@example.org", "b@example.org", "amy changed the account of bob"},
		{[]string{"do", "grant", "group", "readers", "permission", "post.wriet"}, 404, "permission", "post.wriet", "post.write", "post.write will be granted to readers"},
		{[]string{"do", "create-set", "kind", "static", "set", "desk", "cardinality", "2", "member", "leads", "member", "buyer"}, 404, "members", "leads\nbuyer", "leads\nbuyers", "the separation set desk will be made"},
		{[]string{"do", "set-delegation", "group", "editers", "member", "readers", "users", "1"}, 404, "group", "editers", "editors", "the members of editors will be able to give groups"},
	} {
		page := s.post("amy", "change", append(c.fields, "reason", "spring", "back", "groups")...)
		if page.StatusCode != c.status {
			t.Errorf("%v: %d, want %d", c.fields, page.StatusCode, c.status)
		}
		checkPage(t, c.fields[1], page)
		fields := []string{"do", c.fields[1]}
		found := false
		elements(parsedPage(t, page.text), func(n *html.Node, attr map[string]string) {
			value := attr["value"]
			if n.Data == "textarea" && n.FirstChild != nil {
				value = n.FirstChild.Data
			} else if n.Data != "input" {
				return
			}
			if attr["name"] == c.name && value == c.value {
				found, value = true, c.correct
			}
			fields = append(fields, attr["name"], value)
		})
		if !found {
			t.Errorf("%v: the page has no field %s with %q:\n%s", c.fields, c.name, c.value, page.text)
		}
		page = s.post("amy", "change", fields...)
		if page.StatusCode == http.StatusSeeOther {
			page = s.get("amy", page.Header.Get("Location"))
		}
		checkText(t, page, c.see)
	}
	if s.lastChange().Reason != "spring" {
		t.Errorf("the reason is lost: %+v", s.lastChange())
	}
	page := s.post("amy", "change", "do", "delete-group", "group", "nosuch", "back", "groups")
	if strings.Contains(page.text, "Try again") {
		t.Error("a deletion has fields to correct")
	}
}

// A day that is none, or before 1971 or more than a century ahead, is refused, and a filter with
// such a day filters nothing.
func TestDaysAreBounded(t *testing.T) {
	s := newSite(t)
	for day, status := range map[string]int{
		"2026-03-05": http.StatusSeeOther, "2126-02-28": http.StatusSeeOther, "1971-01-01": http.StatusSeeOther, "1970-12-31": http.StatusUnprocessableEntity,
		"2126-03-02": http.StatusUnprocessableEntity, "9999-12-31": http.StatusUnprocessableEntity, "0001-01-01": http.StatusUnprocessableEntity, "soon": http.StatusUnprocessableEntity,
	} {
		resp := s.post("amy", "change", "do", "assign", "user", "bob", "group", "editors", "scope", "s:"+day, "until_day", day, "back", "users")
		if resp.StatusCode != status {
			t.Errorf("%s: %d\n%s", day, resp.StatusCode, textOf(resp.text))
		}
		if status != http.StatusSeeOther {
			checkText(t, resp, "more than a hundred years ahead")
		}
		for _, page := range []string{"changes?until=" + day, "changes?since=" + day, "logins?since=" + day} {
			if resp := s.get("amy", page); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %d", page, resp.StatusCode)
			}
		}
	}
}
