package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// permission returns a permission; the zero Permission: there is none.
func (s *site) permission(name string) (p rbac.Permission) {
	s.t.Helper()
	must(s.t, s.a.View(ctx, func(tx *rbac.Tx) error {
		p, _ = tx.Permission(name)
		return nil
	}))
	return p
}

// The texts of a permission take effect at once. A permission is added and
// deleted after a preview: holders of a pattern gain or lose the permission.
func TestEditPermission(t *testing.T) {
	s := newSite(t)
	page := s.get("amy", "permission?name=post.read")
	checkText(t, page, "Declared by the program.", "bob", "readers, readers in org:1", "amyThe amyadmins")
	if s := textOf(page.text); strings.Contains(s, "Not declared") {
		t.Errorf("a declared permission is shown as undeclared:\n%s", s)
	}
	checkText(t, s.follow("amy", "change", "do", "modify-permission", "permission", "post.read", "title", "See posts", "description", "All of them",
		"section", "posts", "position", "7", "back", "permission?name=post.read"), "amy changed the permission post.read", "See posts")
	if p := s.permission("post.read"); p.Title != "See posts" || p.Description != "All of them" || p.Position != 7 || p.Section != "posts" {
		t.Errorf("the permission is %+v", p)
	}
	for want, fields := range map[string][]string{
		"Position: no number":              {"position", "first"},
		"There is no such record: nowhere": {"section", "nowhere"},
	} {
		if resp := s.post("amy", "change", append(fields, "do", "modify-permission", "permission", "post.read")...); resp.StatusCode < 400 || !strings.Contains(textOf(resp.text), want) {
			t.Errorf("%v: %d\n%s", fields, resp.StatusCode, textOf(resp.text))
		}
	}
	page, apply := s.staged("do", "add-permission", "name", "post.burn", "title", "Burn", "back", "permissions")
	checkText(t, page, "the permission post.burn will be added", "amy gains post.burn")
	if s.permission("post.burn").Name != "" {
		t.Fatal("the preview added the permission")
	}
	checkText(t, s.follow("amy", "change", apply...), "post.burn", "Not declared by the program.")
	_, apply = s.staged("do", "delete-permission", "permission", "post.burn", "back", "permissions")
	if resp := s.post("amy", "change", apply...); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("deleted without the name: %d", resp.StatusCode)
	}
	s.follow("amy", "change", append(apply, "confirm_name", "post.burn")...)
	if s.permission("post.burn").Name != "" {
		t.Error("the permission is still there")
	}
}

// Sections are added, changed and deleted.
func TestEditSections(t *testing.T) {
	s := newSite(t)
	s.follow("amy", "change", "do", "add-section", "section", "orders", "title", "Orders", "position", "-1", "back", "sections")
	s.follow("amy", "change", "do", "modify-section", "section", "posts", "title", "All posts", "position", "3", "back", "sections")
	page := s.get("amy", "sections")
	checkText(t, page, "2 sections")
	checkPage(t, "sections", page)
	if i, j := strings.Index(page.text, `value="Orders"`), strings.Index(page.text, `value="All posts"`); i < 0 || j < i {
		t.Errorf("the sections are not in their order: %d, %d", i, j)
	}
	_, apply := s.staged("do", "delete-section", "section", "posts", "back", "sections")
	checkText(t, s.follow("amy", "change", append(apply, "confirm_name", "posts")...), "1 section")
	if p := s.permission("post.read"); p.Section != "" {
		t.Errorf("the permission is in the section %q", p.Section)
	}
}

// The list of permissions is shown page by page, in the order of the sections,
// and each permission once.
func TestPermissionPages(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		for _, name := range []string{"late", "early"} {
			if err := tx.AddSection(rbac.Section{Name: name, Title: "Section " + name, Position: map[string]int{"late": 9, "early": -9}[name]}); err != nil {
				return err
			}
		}
		for i := range 240 {
			p := rbac.Permission{Name: fmt.Sprintf("bulk.p%03d", i), Section: []string{"late", "early", ""}[i%3]}
			if _, err := tx.AddPermission(p); err != nil {
				return err
			}
		}
		return nil
	})
	seen, order := map[string]int{}, []string{}
	pages := 0
	for next := "permissions"; next != ""; pages++ {
		page := s.get("amy", next)
		checkPage(t, next, page)
		for _, name := range rowsOf(t, page) {
			seen[name]++
		}
		for _, heading := range []string{"Section early", "Section late", "Without a section"} {
			if strings.Contains(page.text, "<h2>"+heading) {
				order = append(order, heading)
			}
		}
		next = hrefOf(t, page, "Next page")
	}
	if len(seen) != 246 || pages != 5 {
		t.Errorf("%d permissions on %d pages, want 246 on 5", len(seen), pages)
	}
	for name, n := range seen {
		if n != 1 {
			t.Errorf("%s is listed %d times", name, n)
		}
	}
	if got := strings.Join(slices.Compact(order), ", "); got != "Section early, Section late, Without a section" {
		t.Errorf("the sections are in the order %s", got)
	}
}

// rowsOf returns the headers of the rows of a page.
func rowsOf(t *testing.T, page answer) (list []string) {
	t.Helper()
	for _, part := range strings.Split(page.text, `<th scope="row">`)[1:] {
		text, _, _ := strings.Cut(part, "</th>")
		list = append(list, textOf(text))
	}
	return list
}

// A user with more rights than a page lists sees them page by page and by search,
// each with all its ways.
func TestRightsOfAUser(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		for i := range 120 {
			if _, err := tx.AddPermission(rbac.Permission{Name: fmt.Sprintf("post.p%03d", i)}); err != nil {
				return err
			}
		}
		if err := tx.GrantPermission(rbac.Grant{Group: "editors", Permission: "post.p003"}); err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "bob", Group: "editors", Scope: "org:7"})
	})
	page := s.get("amy", "user?name=bob")
	checkText(t, page, "123 permissions", "post.p003editors in org:7 Why?", "post.p004editors by post.* in org:7 Why?")
	page = s.get("amy", hrefOf(t, page, "Next page"))
	page = s.get("amy", hrefOf(t, page, "Next page"))
	checkText(t, page, "First page", "123 permissions", "post.readRead postsreaders Why?readers in org:1 Why?editors by post.* in org:7 Why?editors → readers in org:7 Why?")
	if strings.Contains(textOf(page.text), "post.p003") || hrefOf(t, page, "Next page") != "" {
		t.Error("the third page is not the rest")
	}
	page = s.get("amy", "user?name=bob&right=p11")
	checkText(t, page, "10 permissions", "post.p110")
	if strings.Contains(textOf(page.text), "post.p003") {
		t.Error("the search is ignored")
	}
	s.update(func(tx *rbac.Tx) error {
		return tx.ModifyMembership(rbac.Membership{User: "bob", Group: "editors", Scope: "org:7", Until: s.now().Add(1e9)})
	})
	s.advance(2e9)
	checkText(t, s.get("amy", "user?name=bob"), "post.readRead postsreaders Why?readers in org:1 Why? Sessions")
}
