package console

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// A delegate does not learn whether something exists that the delegate does not
// see: pages, filters and forms answer alike.
func TestHiddenIsLikeUnknown(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "amy", Group: "approvers", Scope: "secret:project"})
	})
	for _, page := range []string{"user?name=%s", "group?name=%s", "users?group=%s", "users?scope=%s", "groups?scope=%s",
		"users?group=readers&scope=%s", "user?name=bob&scope=%s", "new-user?scope=%s", "group?name=readers&after=%s", "users?group=%s&format=csv", "groups?scope=%s&format=csv"} {
		var first answer
		for i, name := range []string{"nosuch", "amy", "admins", "approvers", "org:2"} {
			resp := s.get("lea", fmt.Sprintf(page, name))
			if i == 0 {
				first = resp
			}
			if resp.StatusCode != http.StatusNotFound || textOf(resp.text) != textOf(first.text) {
				t.Errorf("%s of %s: %d\n%s", page, name, resp.StatusCode, textOf(resp.text))
			}
		}
	}
	forms := [][]string{
		{"change", "do", "assign", "user", "bob", "group", "%s", "scope", "org:1"},
		{"change", "do", "assign", "user", "bob", "group", "readers", "scope", "%s"},
		{"change", "edit", "do=disable&user=bob", "edit", "do=disable&user=%s"},
		{"link", "user", "%s", "purpose", "reset"},
		{"link", "user", "%s", "purpose", "invite"},
		{"new-user", "name", "nina", "group", "%s", "scope", "org:1"},
		{"new-user", "name", "amy", "group", "%s", "scope", "org:1"},
		{"new-user", "name", "nina", "group", "readers", "scope", "%s"},
	}
	for do, k := range kinds {
		if k.delegable {
			forms = append(forms, []string{"change", "do", do, "user", "%s", "group", "readers", "scope", "org:1", "ticket", "x", "since", "1", "name", "x"})
		}
	}
	before := s.a.Revision()
	for _, form := range forms {
		first := ""
		for _, name := range []string{"nosuch", "amy", "otto", "approvers", "admins", "org:2", "secret:project"} {
			fields := strings.Split(strings.ReplaceAll(strings.Join(form, "\x00"), "%s", name), "\x00")
			resp := s.post("lea", fields[0], fields[1:]...)
			text := strings.ReplaceAll(textOf(resp.text), name, "NAME")
			first = cmp.Or(first, text)
			if resp.StatusCode != http.StatusNotFound || text != first {
				t.Errorf("%v of %s: %d\n%s", form, name, resp.StatusCode, text)
			}
		}
	}
	if now := s.a.Revision(); now != before {
		t.Errorf("the store is at revision %v, want %v", now, before)
	}
	for _, form := range []string{"modify-group", "grant", "create-set", "end-scope"} {
		resp := s.post("lea", "change", "do", form, "group", "approvers", "scope", "org:2", "since", "1", "permission", "post.read", "set", "x")
		if resp.StatusCode != http.StatusForbidden || strings.Contains(resp.text, "admins") {
			t.Errorf("%s: %d\n%s", form, resp.StatusCode, textOf(resp.text))
		}
	}
	if text := textOf(s.get("lea", "changes").text); strings.Contains(text, "admins") {
		t.Errorf("the refusal names who may:\n%s", text)
	}
}

// A delegate who may not create users does not learn which user names are taken.
// One who may does: the name of a user is unique.
func TestTakenNames(t *testing.T) {
	s := filledSite(t)
	for user, want := range map[string][2]int{"dora": {http.StatusForbidden, http.StatusForbidden}, "lea": {http.StatusConflict, http.StatusOK}} {
		scope, group := "org:9", "approvers"
		if user == "lea" {
			scope, group = "org:1", "readers"
		}
		for i, name := range []string{"amy", "nosuch"} {
			if resp := s.post(user, "new-user", "name", name, "group", group, "scope", scope); resp.StatusCode != want[i] {
				t.Errorf("%s adds %s: %d, want %d\n%s", user, name, resp.StatusCode, want[i], textOf(resp.text))
			}
		}
	}
}

// Who holds a permission is for administrators: the filter does not count for
// delegates.
func TestDelegateHasNoFilterByPermission(t *testing.T) {
	s := newSite(t)
	for _, page := range []string{"users?permission=rbac.administer", "users?permission=rbac.administer&format=csv"} {
		if resp := s.get("lea", page); strings.Contains(resp.text, "amy@example.org") {
			t.Errorf("%s shows amy", page)
		}
	}
}

// A delegate who may give a group everywhere sees all users, and of their
// memberships those that the delegate may end.
func TestDelegateEverywhere(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "lea", Group: "leads"})
	})
	page := s.get("lea", "users")
	checkText(t, page, "amy", "otto", "4 users")
	if text := textOf(page.text); strings.Contains(text, "admins") {
		t.Errorf("a group that is closed to the delegate is named:\n%s", text)
	}
	checkText(t, s.get("lea", "users?scope=org:1"), "bob", "2 users")
}

// A delegate of many scopes sees all of them, one at a time, and one who may
// give different groups in different scopes sees each where it counts.
func TestDelegateOfManyScopes(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		if _, err := tx.AddGroup(rbac.Group{Name: "bosses"}); err != nil {
			return err
		}
		if err := tx.AddDelegation(rbac.Delegation{Group: "bosses", Assign: []string{"approvers"}}); err != nil {
			return err
		}
		for i := range 120 {
			if err := tx.AssignUser(rbac.Membership{User: "lea", Group: "leads", Scope: fmt.Sprintf("s:%03d", i)}); err != nil {
				return err
			}
		}
		return tx.AssignUser(rbac.Membership{User: "lea", Group: "bosses"})
	})
	checkText(t, s.get("lea", "users?scope=s:104"), "lea")
	checkText(t, s.get("lea", "groups"), "approvers")
	checkText(t, s.get("lea", "group?name=readers&scope=s:104"), "readers")
	if resp := s.get("lea", "group?name=readers"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a group that cannot be given everywhere: %d", resp.StatusCode)
	}
	page := s.follow("lea", "change", "do", "assign", "user", "lea", "group", "readers", "scope", "s:104", "back", "user?name=lea&scope=s:104")
	checkText(t, page, "lea gave readers to lea in s:104")
}

// An administrator of a scope is none of the console, even if the host has put
// the Identity into that scope.
func TestIdentityInAScope(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "bob", Group: "admins", Scope: "org:9"})
	})
	inner := s.h
	guarded := mountedOn(t, s, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := rbac.FromContext(r.Context())
			h.ServeHTTP(w, r.WithContext(rbac.NewContext(r.Context(), id.In("org:9"))))
		})
	})
	for _, h := range []http.Handler{inner, guarded} {
		s.h = h
		if resp := s.get("bob", "changes"); resp.StatusCode != http.StatusForbidden {
			t.Errorf("the change log: %d", resp.StatusCode)
		}
		if text := textOf(s.get("bob", "users").text); strings.Contains(text, "otto") {
			t.Errorf("users of other scopes are shown:\n%s", text)
		}
	}
}
