package console

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// fail makes logins of a user fail.
func (s *site) fail(user, from string, times int) {
	s.t.Helper()
	for range times {
		if _, err := s.a.Login(ctx, rbac.Login{User: user, Password: "wrong", Addr: netip.MustParseAddr(from), UserAgent: "curl"}); err == nil {
			s.t.Fatal("a wrong password is accepted")
		}
	}
}

// Administrators see who signed in, and who failed to: of a user, of everybody,
// by outcome and day, page by page.
func TestSignIns(t *testing.T) {
	s := newSite(t)
	must(t, s.a.SetPassword(ctx, "bob", "correct horse battery staple"))
	s.advance(24 * time.Hour)
	for _, user := range []string{"amy", "lea"} {
		s.token[user] = must1(s.a.Issue(ctx, rbac.Login{User: user}))
	}
	s.fail("bob", "192.0.2.7", 3)
	checkText(t, s.get("amy", "user?name=bob"), "bobWrong password3192.0.2.7curlPassword", "Signed in", "All sign-ins")
	all := s.get("amy", "logins")
	checkText(t, all, "bob", "lea", "bobWrong password3192.0.2.7curlPassword", "By the program")
	checkPage(t, "logins", all)
	for page, want := range map[string][2]int{ // successes, failures
		"logins": {5, 1}, "logins?user=bob": {1, 1}, "logins?kind=successful": {5, 0}, "logins?kind=failed": {0, 1},
		"logins?user=lea&kind=failed": {0, 0}, "logins?since=2026-03-02": {2, 1}, "logins?since=2026-03-03": {0, 0},
	} {
		text := s.get("amy", page+"&format=csv").text
		if !strings.Contains(page, "?") {
			text = s.get("amy", page+"?format=csv").text
		}
		if got := [2]int{strings.Count(text, `"Signed in"`), strings.Count(text, `"Wrong password"`)}; got != want {
			t.Errorf("%s as CSV has %v successes and failures, want %v:\n%s", page, got, want, text)
		}
		rows := strings.Count(s.get("amy", page).text, `<th scope="row">`)
		if rows != want[0]+want[1] {
			t.Errorf("%s has %d rows, want %v", page, rows, want)
		}
	}
	if resp := s.get("amy", "logins?user=nobody"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("sign-ins of an unknown user: %d", resp.StatusCode)
	}
	if resp := s.get("lea", "logins"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a delegate sees the sign-ins: %d", resp.StatusCode)
	}
	if text := textOf(s.get("lea", "user?name=bob").text); strings.Contains(text, "192.0.2.7") {
		t.Errorf("a delegate sees the sign-ins of a user:\n%s", text)
	}
	seen, next := 0, "logins"
	for i := range 70 {
		s.advance(time.Minute)
		must(t, second(s.a.Issue(ctx, rbac.Login{User: []string{"bob", "lea"}[i%2]})))
	}
	s.token["amy"] = must1(s.a.Issue(ctx, rbac.Login{User: "amy"}))
	for next != "" {
		page := s.get("amy", next)
		seen += strings.Count(page.text, `<th scope="row">`)
		next = hrefOf(t, page, "Next page")
	}
	if seen != 77 {
		t.Errorf("the pages list %d sign-ins, want 77", seen)
	}
}

// Every outcome and method of a sign-in has words, in every language.
func TestSignInsHaveWords(t *testing.T) {
	for _, l := range builtIn {
		for _, key := range []string{"outcome.success", "outcome.wrong password", "outcome.disabled", "outcome.throttled", "outcome.refused",
			"method.password", "method.host", "method.key", "method.change"} {
			if l.T(key) == key {
				t.Errorf("%v has no text %q", l.tag, key)
			}
		}
	}
	for network, want := range map[string]string{"192.0.2.1/32": "192.0.2.1", "2001:db8::/64": "2001:db8::/64"} {
		if got := (loginRow{rbac.LoginRecord{From: netip.MustParsePrefix(network)}}).Network(); got != want {
			t.Errorf("%s is shown as %s", network, got)
		}
	}
	if got := fmt.Sprint((loginRow{}).Network()); got != "" {
		t.Errorf("an unknown address is shown as %q", got)
	}
}
