package main

import (
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

var alertLine = regexp.MustCompile(`level=WARN msg="alert: ([^"]+)"(.*)`)

// People who misuse or give away rights are in the log, and nothing else is: not
// the first start, a login or a password that a user chooses.
func TestAlerts(t *testing.T) {
	s := newSite(t)
	manager, editor := s.as("manager", "managepass"), s.as("editor", "editpass")
	s.browser().Get("/me")
	s.browser().Post("/login", "user", "editor", "password", "wrong")
	editor.Done("own password", editor.Post("/me/password", "old", "editpass", "new", "a longer password"))
	manager.Done("another group", change(manager, "assign", "user", "editor", "group", "editors"))

	editor.Want("denied", editor.Get("/desks/news"), 403)
	manager.Done("a manager", change(manager, "assign", "user", "editor", "group", "managers"))
	manager.Done("a grant", change(manager, "grant", "group", "editors", "permission", "post.edit"))
	s.close()
	var got []string
	for _, m := range alertLine.FindAllStringSubmatch(s.alerts.String(), -1) {
		got = append(got, m[1])
		if !strings.Contains(m[2], "user=editor") && !strings.Contains(m[2], "actor=manager") {
			t.Errorf("the alert names nobody: %s", m[0])
		}
	}
	want := []string{"a user has tried what the user may not do", "the managers have changed", "the rights of a group have changed"}
	if !slices.Equal(got, want) {
		t.Errorf("the log has\n%s", s.alerts.String())
	}
}

// Events that a test cannot cause in a moment.
func TestAlertsOfRareEvents(t *testing.T) {
	for _, c := range []struct {
		event rbac.Event
		want  string
	}{
		{rbac.Event{Kind: rbac.EventThrottled, User: "editor"}, `guesses the password of a user, or locks the user out" event=authn_login_lock user=editor`},
		{rbac.Event{Kind: rbac.EventStoreLost}, `the store does not answer" event=sys_store_lost`},
		{rbac.Event{Kind: rbac.EventPasswordChanged, User: "editor", Actor: "manager"}, "somebody else has set the password"},
		{rbac.Event{Kind: rbac.EventPasswordChanged, User: "editor", Actor: "editor"}, ""},
		{rbac.Event{Kind: rbac.EventPasswordChanged, User: "editor", Actor: program}, ""},
		{rbac.Event{Kind: rbac.EventDenied}, ""},
		{rbac.Event{Kind: rbac.EventStoreFound}, ""},
	} {
		var log strings.Builder
		alert(slog.New(slog.NewTextHandler(&log, nil)))(t.Context(), c.event)
		if !strings.Contains(log.String(), c.want) || c.want == "" && log.Len() > 0 {
			t.Errorf("%s: %q, want %q", c.event.Kind, log.String(), c.want)
		}
	}
}

// Probes learn whether the blog can answer, without a login.
func TestReadiness(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.Want("running", b.Get("/readyz"), 200, "ok")
	s.authority.Close()
	b.Want("closed", b.Get("/readyz"), 503, "store unavailable")
}
