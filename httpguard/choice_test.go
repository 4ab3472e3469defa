package httpguard

import (
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// bank returns a service in which eve is an auditor and a teller; a dynamic set
// keeps the two groups apart.
func bank(t *testing.T) *service {
	t.Helper()
	s := newService(t, Config{Insecure: true, Home: "/home"}, plain)
	err := s.a.Update(t.Context(), func(tx *rbac.Tx) error {
		for _, name := range []string{"auditors", "tellers", "staff"} {
			if _, err := tx.AddGroup(rbac.Group{Name: name}); err != nil {
				return err
			}
			if err := tx.AssignUser(rbac.Membership{User: "eve", Group: name}); err != nil {
				return err
			}
		}
		return tx.CreateDSDSet(rbac.SeparationSet{Name: "desks", Groups: []string{"auditors", "tellers"}, Cardinality: 2})
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestChoice: a user with groups that may not be active together chooses after
// the password was verified, and continues to came_from with the chosen groups.
func TestChoice(t *testing.T) {
	s := bank(t)
	b := s.browser(t)
	resp := s.do(t, b, "POST /login", loginForm("eve", password, "/me?x=1"))
	const page = "/login?choose=groups&came_from=%2Fme%3Fx%3D1"
	if resp.StatusCode != 303 || resp.Header.Get("Location") != page {
		t.Fatalf("login: %d, %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	resp = s.do(t, b, "GET "+page, "")
	text := body(t, resp)
	for _, want := range []string{`value="auditors" checked>`, `value="staff" checked>`, `value="tellers">`, `name="came_from" value="/me?x=1"`, "signed in as eve"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Security-Policy") == "" || strings.Contains(text, `<p role="alert"`) {
		t.Errorf("the page: %d\n%s", resp.StatusCode, text)
	}
	chosen := func(groups ...string) string {
		return url.Values{"choose": {"groups"}, "came_from": {"/me?x=1"}, "group": groups}.Encode()
	}
	for _, refused := range []struct {
		groups []string
		status int
		want   string
	}{
		{[]string{"auditors", "tellers"}, 409, "fewer than 2 of auditors, tellers may come together: eve → auditors, eve → tellers"},
		{[]string{"editors"}, 403, "not a member of all of these groups"},
		{[]string{"nothing"}, 403, "not a member of all of these groups"},
		{[]string{""}, 403, "not a member of all of these groups"},
	} {
		resp := s.do(t, b, "POST /login", chosen(refused.groups...))
		if text := body(t, resp); resp.StatusCode != refused.status || !strings.Contains(text, refused.want) || !strings.Contains(text, `value="auditors" checked>`) {
			t.Errorf("%q: %d\n%s", refused.groups, resp.StatusCode, text)
		}
	}
	resp = s.do(t, b, "POST /login", chosen("tellers", "staff"))
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "/me?x=1" {
		t.Errorf("chosen: %d, %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	if got := s.active(t, "eve"); !slices.Equal(got, []string{"staff", "tellers"}) {
		t.Errorf("active are %q", got)
	}
	if text := body(t, s.do(t, b, "GET "+page, "")); !strings.Contains(text, `value="auditors">`) || !strings.Contains(text, `value="tellers" checked>`) {
		t.Errorf("a second choice cannot be made:\n%s", text)
	}
	if resp := s.do(t, b, "POST /login", url.Values{"choose": {"x"}}.Encode()); resp.StatusCode != 303 || resp.Header.Get("Location") != "/home" || len(s.active(t, "eve")) != 0 {
		t.Errorf("none chosen: %d, %s, active are %q", resp.StatusCode, resp.Header.Get("Location"), s.active(t, "eve"))
	}
}

// active returns the active groups in the only ticket of a user.
func (s *service) active(t *testing.T, user string) []string {
	t.Helper()
	tickets, err := s.a.Tickets(t.Context(), user)
	if err != nil || len(tickets) != 1 {
		t.Fatalf("%d tickets, %v", len(tickets), err)
	}
	return tickets[0].Groups
}

// TestChoiceKeepsWhatWasTicked: a refused choice stays ticked, so the user
// corrects the choice. An active group that the user merely inherits stays on
// the page.
func TestChoiceKeepsWhatWasTicked(t *testing.T) {
	s := bank(t)
	err := s.a.Update(t.Context(), func(tx *rbac.Tx) error {
		if _, err := tx.AddDescendant(rbac.Group{Name: "clerks"}, "staff"); err != nil {
			return err
		}
		return tx.AddInheritance(rbac.Inheritance{Senior: "staff", Junior: "editors"})
	})
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser(t)
	s.do(t, b, "POST /login", loginForm("eve", password, ""))
	form := func(groups ...string) string { return url.Values{"choose": {"groups"}, "group": groups}.Encode() }
	if resp := s.do(t, b, "POST /login", form("clerks")); resp.StatusCode != 303 {
		t.Fatalf("an inherited group alone: %d", resp.StatusCode)
	}
	text := body(t, s.do(t, b, "GET /login?choose=groups", ""))
	if !strings.Contains(text, `value="clerks" checked>`) || strings.Contains(text, `value="editors"`) {
		t.Errorf("the page does not show the group that is active:\n%s", text)
	}
	text = body(t, s.do(t, b, "POST /login", form("auditors", "tellers")))
	for _, want := range []string{`value="auditors" checked>`, `value="tellers" checked>`, `value="clerks">`, `value="staff">`} {
		if !strings.Contains(text, want) {
			t.Errorf("after a choice that may not be: no %s in\n%s", want, text)
		}
	}
	if got := s.active(t, "eve"); !slices.Equal(got, []string{"clerks"}) {
		t.Errorf("a refused choice changed what is active: %q", got)
	}
}

// TestChoiceOfManyGroups: thousands of groups with long names in any script are
// listed, escaped, and can be chosen.
func TestChoiceOfManyGroups(t *testing.T) {
	s := bank(t)
	names := []string{"auditors", "staff", `<b>"&'x`, "+ %2B &group=tellers", "会計", "מנהלים"}
	for i := range 1500 {
		names = append(names, strings.Repeat("n", 60)+strconv.Itoa(i))
	}
	err := s.a.Update(t.Context(), func(tx *rbac.Tx) error {
		for _, name := range names[2:] {
			if _, err := tx.AddGroup(rbac.Group{Name: name}); err != nil {
				return err
			}
			if err := tx.AssignUser(rbac.Membership{User: "eve", Group: name}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser(t)
	s.do(t, b, "POST /login", loginForm("eve", password, ""))
	text := body(t, s.do(t, b, "GET /login?choose=groups", ""))
	for _, name := range names {
		if !strings.Contains(text, `value="`+template.HTMLEscapeString(name)+`" checked>`) && name != names[3] {
			t.Errorf("%q is not on the page", name)
		}
	}
	if strings.Contains(text, "<b>") {
		t.Error("a group's name is markup")
	}
	form := url.Values{"choose": {"groups"}, "group": names}.Encode()
	if resp := s.do(t, b, "POST /login", form); len(form) < maxLoginBody || resp.StatusCode != 303 {
		t.Fatalf("%d bytes of groups: %d", len(form), resp.StatusCode)
	}
	slices.Sort(names)
	if got := s.active(t, "eve"); !slices.Equal(got, names) {
		t.Errorf("%d groups are active, not the %d that were chosen", len(got), len(names))
	}
}

// TestChoiceLeadsNowhereElse: neither the page nor the choice leads to another
// site, and another site cannot choose.
func TestChoiceLeadsNowhereElse(t *testing.T) {
	s := bank(t)
	b := s.browser(t)
	s.do(t, b, "POST /login", loginForm("eve", password, ""))
	for _, evil := range []string{"//evil.example/", "https://evil.example/", `/\evil.example`, "/login?choose=groups", "javascript:alert(1)"} {
		text := body(t, s.do(t, b, "GET /login?choose=groups&came_from="+url.QueryEscape(evil), ""))
		if !strings.Contains(text, `name="came_from" value=""`) {
			t.Errorf("the page leads to %s:\n%s", evil, text)
		}
		resp := s.do(t, b, "POST /login", url.Values{"choose": {"groups"}, "group": {"staff"}, "came_from": {evil}}.Encode())
		if resp.StatusCode != 303 || resp.Header.Get("Location") != "/home" {
			t.Errorf("the choice leads from %s to %s (%d)", evil, resp.Header.Get("Location"), resp.StatusCode)
		}
	}
	resp := s.do(t, b, "POST /login", "choose=groups&group=tellers", "Sec-Fetch-Site: cross-site", "Origin: https://evil.example")
	if resp.StatusCode != 403 || !slices.Equal(s.active(t, "eve"), []string{"staff"}) {
		t.Errorf("another site chose: %d, active are %q", resp.StatusCode, s.active(t, "eve"))
	}
	if resp := s.do(t, b, "GET /login?choose=groups", ""); resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page may be cached: %q", resp.Header.Get("Cache-Control"))
	}
}

// TestChoiceNeedsATicket: without a ticket a client gets the login page, and
// changes nothing.
func TestChoiceNeedsATicket(t *testing.T) {
	s := bank(t)
	b := s.browser(t)
	if text := body(t, s.do(t, b, "GET /login?choose=groups", "")); !strings.Contains(text, `type="password"`) {
		t.Errorf("no login page:\n%s", text)
	}
	if resp := s.do(t, b, "POST /login", "choose=groups&group=tellers"); resp.StatusCode != 401 {
		t.Errorf("a choice by nobody: %d", resp.StatusCode)
	}
	s.do(t, b, "POST /login", loginForm("eve", password, ""))
	s.store.disconnect()
	for _, line := range []string{"GET /login?choose=groups", "POST /login"} {
		content := ""
		if strings.HasPrefix(line, "POST") {
			content = "choose=groups&group=tellers"
		}
		if resp := s.do(t, b, line, content); resp.StatusCode != 503 {
			t.Errorf("%s with the store down: %d", line, resp.StatusCode)
		}
	}
}

// TestChoiceOfPrograms: a program learns which groups were left out, and names
// groups in the next login.
func TestChoiceOfPrograms(t *testing.T) {
	s := bank(t)
	login := func(groups string) (*http.Response, map[string]any) {
		resp := s.do(t, s.Client(), "POST /login", `{"user":"eve","password":"`+password+`"`+groups+`}`, "Content-Type: application/json", "Accept: application/json")
		var doc map[string]any
		if err := json.Unmarshal([]byte(body(t, resp)), &doc); err != nil {
			t.Fatal(err)
		}
		return resp, doc
	}
	if resp, doc := login(""); resp.StatusCode != 200 || !slices.Equal(doc["omitted"].([]any), []any{"tellers"}) {
		t.Errorf("all: %d, %v", resp.StatusCode, doc)
	}
	if resp, doc := login(`,"groups":["tellers"]`); resp.StatusCode != 200 || doc["omitted"] != nil {
		t.Errorf("one: %d, %v", resp.StatusCode, doc)
	}
	if resp, doc := login(`,"groups":["tellers","auditors"]`); resp.StatusCode != 409 || doc["detail"] != "These groups may not be active together: fewer than 2 of auditors, tellers may come together: eve → auditors, eve → tellers." {
		t.Errorf("both: %d, %v", resp.StatusCode, doc)
	}
}
