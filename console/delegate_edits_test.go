package console

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
)

// delegateForm adds users to org:1, and returns a form in which lea makes them
// editors.
func (s *site) delegateForm(users int) (fields []string) {
	s.t.Helper()
	s.update(func(tx *rbac.Tx) error {
		for i := range users {
			name := fmt.Sprintf("user%03d", i)
			if _, err := tx.AddUser(rbac.User{Name: name}); err != nil {
				return err
			}
			if err := tx.AssignUser(rbac.Membership{User: name, Group: "readers", Scope: "org:1"}); err != nil {
				return err
			}
			fields = append(fields, "user", name)
		}
		return nil
	})
	return append(fields, "do", "assign", "group", "editors", "scope", "org:1", "back", "users")
}

// What a delegate sees, and may give, is asked before the Update, in which all
// other Updates wait, and once for each user and scope.
func TestDelegateIsAskedOnce(t *testing.T) {
	s := hookedSite(t)
	calls := map[string]int{}
	count := hooks{call: func(c storefault.Call) error {
		if c.Update {
			calls["Update "+c.Name]++
		} else {
			calls["View "+c.Name]++
		}
		return nil
	}}
	form := s.delegateForm(maxDelegateEdits)
	page := s.postWith(count, "lea", "en", form...)
	checkText(t, page, "and 80 more changes")
	resp := s.postWith(count, "lea", "en", hiddenFields(t, page)...)
	if resp.StatusCode != http.StatusSeeOther || !s.may("user099", "post.write", "org:1") {
		t.Fatalf("%d\n%s", resp.StatusCode, textOf(resp.text))
	}
	// The preview, the check before it, and the same again to apply the edits. A
	// preview reads the memberships of all users at once, before and after.
	for call, most := range map[string]int{
		"Update Groups": 2, "Update Memberships": 4,
		"View Groups": 10, "View Memberships": 2*maxDelegateEdits + 10,
	} {
		if calls[call] > most {
			t.Errorf("%s was called %d times, want at most %d", call, calls[call], most)
		}
	}
}

// A delegate sends fewer edits at once than an administrator.
func TestDelegateSendsFewerEdits(t *testing.T) {
	s := newSite(t)
	form := s.delegateForm(maxDelegateEdits + 1)
	page := s.post("lea", "change", form...)
	checkText(t, page, "At most "+strconv.Itoa(maxDelegateEdits)+" changes can be made at once.")
	if page.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", page.StatusCode)
	}
	if page = s.post("amy", "change", form...); page.StatusCode != http.StatusOK {
		t.Errorf("an administrator: %d", page.StatusCode)
	}
}
