package console

import (
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// withSessions adds the user eve, who has groups of org:1, and as many sessions
// with chosen groups, API keys and links as there are.
func withSessions(s *site, sessions int) {
	s.t.Helper()
	s.update(func(tx *rbac.Tx) error {
		if _, err := tx.AddUser(rbac.User{Name: "eve"}); err != nil {
			return err
		}
		for _, group := range []string{"readers", "editors"} {
			if err := tx.AssignUser(rbac.Membership{User: "eve", Group: group, Scope: "org:1"}); err != nil {
				return err
			}
		}
		return nil
	})
	for range sessions {
		must(s.t, second(s.a.Issue(ctx, rbac.Login{User: "eve", Groups: []string{"editors", "readers"}})))
		must(s.t, second(s.a.IssueKey(ctx, rbac.APIKey{User: "eve", Label: "secret label", Expires: s.now().AddDate(0, 1, 0)})))
		must(s.t, second(s.a.IssueLink(ctx, rbac.Link{User: "eve", Purpose: "secret-purpose"})))
	}
}

// The message after an edit of a delegate is the same whether or not sessions,
// keys and links of the user have ended with the edit.
func TestMessageHidesWhatFollowed(t *testing.T) {
	for do, said := range map[string]string{"deassign": "lea took editors from eve", "disable": "lea disabled eve"} {
		message := map[int]string{}
		for _, sessions := range []int{0, 3} {
			s := newSite(t)
			withSessions(s, sessions)
			page := s.follow("lea", "change", "do", do, "user", "eve", "group", "editors", "scope", "org:1", "back", "groups")
			checkText(t, page, said, "Undo does not bring back sessions")
			message[sessions] = textOf(page.text)
		}
		if message[0] != message[3] {
			t.Errorf("%s: the message depends on the sessions:\n%s\n%s", do, message[0], message[3])
		}
	}
	s := newSite(t)
	withSessions(s, 1)
	page := s.follow("lea", "change", "do", "end-sessions", "user", "eve", "back", "groups")
	checkText(t, page, "lea ended a session of eve")
}

// The message names first what the person has done, however many sessions have
// ended.
func TestMessageBeginsWithTheEdit(t *testing.T) {
	s := newSite(t)
	withSessions(s, shownChanges)
	page := s.follow("amy", "change", "do", "disable", "user", "eve", "back", "groups")
	checkText(t, page, "amy disabled eve amy ended a session of eve", "Undo does not bring back the sessions")

	s = newSite(t)
	withSessions(s, 1)
	page = s.follow("amy", "change", "do", "deassign", "user", "eve", "group", "editors", "scope", "org:1", "back", "groups")
	checkText(t, page, "amy took editors from eve in org:1 groups of a session of eve are no longer active")
	if strings.Contains(page.text, "DropActiveGroup") {
		t.Errorf("the message has no words:\n%s", textOf(page.text))
	}
}
