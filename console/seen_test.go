package console

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// hiddenWorld is a site in which chiefs, a hidden group, inherits readers and
// holds a secret permission. carl is a chief of org:1, and bob a chief
// everywhere, beside what they are in org:1.
func hiddenWorld(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		if _, err := tx.AddGroup(rbac.Group{Name: "chiefs"}); err != nil {
			return err
		}
		if _, err := tx.AddUser(rbac.User{Name: "carl"}); err != nil {
			return err
		}
		if err := tx.AddInheritance(rbac.Inheritance{Senior: "chiefs", Junior: "readers"}); err != nil {
			return err
		}
		for _, permission := range []string{"order.approve", "post.write", "post.delete"} {
			if err := tx.GrantPermission(rbac.Grant{Group: "chiefs", Permission: permission}); err != nil {
				return err
			}
		}
		for _, m := range []rbac.Membership{
			{User: "carl", Group: "chiefs", Scope: "org:1"}, {User: "bob", Group: "chiefs"}, {User: "lea", Group: "readers", Scope: "org:2"},
		} {
			if err := tx.AssignUser(m); err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

// A delegate finds by a group the members of the group itself: a member by a
// hidden group that inherits the group is not found. Administrators find both.
func TestDelegateFindsDirectMembers(t *testing.T) {
	s := hiddenWorld(t)
	for _, page := range []string{"users?group=readers", "users?group=readers&scope=org:1", "users?group=readers&format=csv", "users?group=editors"} {
		for _, search := range []string{"", "&q=carl", "&state=enabled", "&login=30"} {
			if resp := s.get("lea", page+search); strings.Contains(resp.text, ">carl</a>") || strings.Contains(resp.text, "\n\"carl\"") {
				t.Errorf("%s finds carl, who is no member of the group itself:\n%s", page+search, textOf(resp.text))
			}
		}
	}
	checkText(t, s.get("lea", "users?group=readers"), "1 user", "bob")
	checkText(t, s.get("lea", "users"), "3 users", "carl")
	checkText(t, s.get("lea", "group?name=readers"), "1 member", "bob")
	checkText(t, s.get("lea", "groups"), "2 groups", "readers readers11")
	checkText(t, s.get("amy", "users?group=readers&scope=org:1"), "2 users", "carl", "bob")

	s.update(func(tx *rbac.Tx) error { return tx.AssignUser(rbac.Membership{User: "lea", Group: "leads"}) }) // everywhere
	checkText(t, s.get("lea", "users?group=readers"), "3 users", "bob", "lea", "otto")
	if text := textOf(s.get("lea", "users?group=readers").text); strings.Contains(text, "carl") {
		t.Errorf("a delegate everywhere finds carl:\n%s", text)
	}
}

// A delegate no longer sees a user whose last membership in the delegate's
// scopes has ended: from Until on, on every page and in every form.
func TestEndedMembershipsAreNotSeen(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "otto", Group: "readers", Scope: "org:1", Until: s.now().Add(time.Hour)})
	})
	pages := []string{"user?name=otto", "users", "users?format=csv", "users?group=readers", "group?name=readers", "group?name=readers&after=otto&after_scope=org:1"}
	sees := func(page string) bool {
		resp := s.get("lea", page)
		return resp.StatusCode == http.StatusOK && (strings.Contains(resp.text, "otto") || strings.Contains(page, "after="))
	}
	s.advance(time.Hour - time.Microsecond)
	for _, page := range pages {
		if !sees(page) {
			t.Errorf("%s does not show otto before the end", page)
		}
	}
	s.advance(time.Microsecond)
	for _, page := range pages {
		if sees(page) {
			t.Errorf("%s shows otto at the end", page)
		}
	}
	checkText(t, s.get("amy", "group?name=readers"), "otto")
	before := s.a.Revision()
	for _, form := range [][]string{
		{"change", "do", "assign", "user", "otto", "group", "editors", "scope", "org:1"},
		{"change", "do", "modify-membership", "user", "otto", "group", "readers", "scope", "org:1"},
		{"change", "do", "disable", "user", "otto"},
		{"link", "user", "otto", "purpose", "reset"},
	} {
		if resp := s.post("lea", form[0], form[1:]...); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%v: %d", form, resp.StatusCode)
		}
	}
	if now := s.a.Revision(); now != before {
		t.Errorf("the store is at revision %v, want %v", now, before)
	}
}

// The preview of a delegate is a function of what the delegate sees: it is the
// same text whatever hidden memberships, sessions and links the users have.
func TestPreviewShowsNothingHidden(t *testing.T) {
	plain, secret := newSite(t), hiddenWorld(t)
	secret.update(func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "bob", Group: "editors", Scope: "org:2"})
	})
	for _, s := range []*site{plain, secret} {
		s.update(func(tx *rbac.Tx) error {
			if err := tx.AddDelegation(rbac.Delegation{Group: "editors", Assign: []string{"readers", "editors"}, Users: true}); err != nil {
				return err
			}
			if err := tx.DeassignUser(rbac.Membership{User: "bob", Group: "readers"}); err != nil {
				return err
			}
			for _, name := range []string{"dan", "eve"} {
				if _, err := tx.AddUser(rbac.User{Name: name}); err != nil {
					return err
				}
				if err := tx.AssignUser(rbac.Membership{User: name, Group: "readers", Scope: "org:1"}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, second(secret.a.Issue(ctx, rbac.Login{User: "dan"})))
	must(t, second(secret.a.IssueLink(ctx, rbac.Link{User: "dan", Purpose: rbac.LinkReset})))
	for want, form := range map[string][]string{
		"2 users gain post.write in org:1":   {"user", "bob", "user", "eve", "do", "assign", "group", "editors", "scope", "org:1"},
		"2 users lose post.read in org:1":    {"user", "bob", "user", "eve", "do", "deassign", "group", "readers", "scope", "org:1"},
		"dan will be disabled":               {"user", "dan", "user", "eve", "do", "disable"},
		"dan loses post.read in org:1":       {"user", "dan", "do", "delete-user"},
		"Nobody gains or loses a right by":   {"user", "dan", "user", "eve", "do", "enable", "edit", "do=modify-user&user=eve&name=eve&display_name=Eve"},
		"Display nameEva Everything":         {"edit", "do=modify-user&user=eve&name=eva&display_name=Eva Everything", "edit", "do=enable&user=dan"},
		"eve loses post.read in org:1":       {"edit", "do=deassign&user=eve&group=readers&scope=org%3A1", "edit", "do=assign&user=bob&group=editors&scope=org%3A1"},
		"Everything is already as requested": {"user", "bob", "user", "eve", "do", "assign", "group", "readers", "scope", "org:1"},
	} {
		var shown [2]string
		for i, s := range []*site{plain, secret} {
			resp := s.post("lea", "change", form...)
			shown[i] = textOf(resp.text)
			// Without a change there is no form, and no digest of an effect.
			if fields := hiddenFields(t, resp); slices.Contains(fields, "effect") {
				shown[i] += " " + fields[slices.Index(fields, "effect")+1]
			}
			if checkText(t, resp, want); resp.StatusCode != http.StatusOK {
				t.Errorf("%v: %d", form, resp.StatusCode)
			}
			if strings.Contains(shown[i], "What will change") {
				checkText(t, resp, "Other effects may exist")
			}
		}
		if shown[0] != shown[1] {
			t.Errorf("%v: the previews differ:\n%s\n%s", form, shown[0], shown[1])
		}
	}
	form := []string{"user", "bob", "user", "eve", "do", "assign", "group", "editors", "scope", "org:1", "back", "users"}
	apply := append([]string{"change"}, hiddenFields(t, secret.post("lea", "change", form...))...)
	checkText(t, secret.follow("lea", apply[0], apply[1:]...), "lea gave editors to bob in org:1")
	if resp := secret.post("amy", "change", form...); strings.Contains(textOf(resp.text), "Other effects may exist") {
		t.Errorf("an administrator sees every effect:\n%s", textOf(resp.text))
	}
}

// A delegate who sees none of a user's groups is not told that the user has
// none.
func TestHiddenGroupsAreNotDenied(t *testing.T) {
	s := newSite(t)
	page := s.get("lea", "user?name=lea")
	checkText(t, page, "This user is in none of the groups that you may give.")
	if strings.Contains(page.text, "has no rights") {
		t.Errorf("lea leads org:1, and the page states that lea has no rights:\n%s", textOf(page.text))
	}
}
