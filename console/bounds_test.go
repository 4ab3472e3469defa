package console

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/rbac-go/rbac"
)

// No page has more than 300 KB, however many groups, permissions, memberships
// and sections there are.
func TestPagesAreBounded(t *testing.T) {
	s := newSite(t)
	const many = 1200
	s.update(func(tx *rbac.Tx) error {
		for i := range many {
			name := fmt.Sprintf("post.permission%05d", i)
			if err := tx.AddSection(rbac.Section{Name: fmt.Sprint("section", i), Title: "A section with a title"}); err != nil {
				return err
			}
			if _, err := tx.AddPermission(rbac.Permission{Name: name, Title: "A permission with a title", Section: fmt.Sprint("section", i)}); err != nil {
				return err
			}
			g, err := tx.AddGroup(rbac.Group{Name: fmt.Sprintf("group%05d", i), DisplayName: "A group with a name", Note: "A note on the group"})
			if err != nil {
				return err
			}
			for _, err := range []error{
				tx.GrantPermission(rbac.Grant{Group: g.Name, Permission: name}),
				tx.GrantPermission(rbac.Grant{Group: "readers", Permission: name}),
				tx.GrantPermission(rbac.Grant{Group: g.Name, Permission: "post.*"}),
				tx.AddInheritance(rbac.Inheritance{Senior: "leads", Junior: g.Name}),
				tx.AssignUser(rbac.Membership{User: "bob", Group: g.Name, Scope: fmt.Sprint("org:", i), Note: "A note on the membership"}),
			} {
				if err != nil {
					return err
				}
			}
			if i < 300 {
				if err := tx.AddDelegation(rbac.Delegation{Group: g.Name, Assign: []string{g.Name}}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, page := range []string{
		"", "users", "user?name=bob", "new-user", "groups", "group?name=readers", "group?name=leads", "group?name=admins", "permissions", "sections",
		"permission?name=post.permission00007", "matrix", "delegations", "separation", "why", "why?user=bob&ask=post.permission00007&scope=org:7",
		"view-as?user=amy", "scopes", "sessions", "logins", "changes",
	} {
		resp := s.get("amy", page)
		if kb := len(resp.text) >> 10; resp.StatusCode != http.StatusOK || kb > 300 {
			t.Errorf("%q: %d, %d KB", page, resp.StatusCode, kb)
		}
	}
}
