package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/rbac-go/rbac"
)

// A locked cell of the matrix names the nearest group that gives the permission,
// and the page of the group does, too.
func TestMatrixNamesTheNearestGroup(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		for _, name := range []string{"top", "far", "farther", "near"} {
			if _, err := tx.AddGroup(rbac.Group{Name: name}); err != nil {
				return err
			}
		}
		for _, i := range []rbac.Inheritance{{Senior: "top", Junior: "far"}, {Senior: "far", Junior: "farther"}, {Senior: "top", Junior: "near"}} {
			if err := tx.AddInheritance(i); err != nil {
				return err
			}
		}
		for _, g := range []rbac.Grant{
			{Group: "farther", Permission: "post.*"}, {Group: "near", Permission: "post.read"}, {Group: "top", Permission: "post.delete"},
			{Group: "farther", Permission: "order.create"}, {Group: "far", Permission: "order.*"}, {Group: "far", Permission: "order.create"},
		} {
			if err := tx.GrantPermission(g); err != nil {
				return err
			}
		}
		return nil
	})
	want := map[string]string{ // by group and permission; "own": a box that is ticked
		"top post.read": "near", "top post.write": "farther", "top post.delete": "own", "top order.create": "far",
		"far post.read": "farther", "far order.create": "own", "far order.approve": "order.*", "near post.read": "own", "near post.write": "",
	}
	got := map[string]string{}
	must(t, s.a.View(ctx, func(tx *rbac.Tx) error {
		h := must1(readHierarchy(tx))
		groups := []string{"top", "far", "near"}
		for _, p := range must1(tx.Permissions()) {
			for _, cell := range must1(h.matrixRow(tx, groups, p)).Cells {
				by := cell.Through
				if by == "" && cell.Has {
					by = "own"
				}
				got[cell.Group+" "+p.Name] = by
			}
		}
		return nil
	}))
	for cell, by := range want {
		if got[cell] != by {
			t.Errorf("%s is by %q, want %q", cell, got[cell], by)
		}
	}
	checkText(t, s.get("amy", "group?name=top"), "order.createthrough far", "post.writethrough farther", "post.readRead poststhrough near")
}

// The page of a group that inherits very many groups reads some, and says so.
func TestGroupThatInheritsMany(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		for i := range maxRead + 20 {
			g, err := tx.AddGroup(rbac.Group{Name: fmt.Sprintf("group%04d", i)})
			if err != nil {
				return err
			}
			if err := tx.AddInheritance(rbac.Inheritance{Senior: "leads", Junior: g.Name}); err != nil {
				return err
			}
		}
		return nil
	})
	checkText(t, s.get("amy", "group?name=leads"), "The permissions of 21 more inherited groups are not listed.")
	if page := s.get("amy", "group?name=group0000"); strings.Contains(page.text, "not listed") {
		t.Error("all of the group is listed, and the page denies it")
	}
}

// The page of the catalogue lists the first records, and the CSV file has all.
func TestDeclaredIsBounded(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		for i := range pageSize + 70 {
			if _, err := tx.AddGroup(rbac.Group{Name: fmt.Sprintf("extra%03d", i)}); err != nil {
				return err
			}
		}
		return tx.RevokePermission(rbac.Grant{Group: "buyers", Permission: "order.create"})
	})
	page := s.get("amy", "declared")
	checkText(t, page, "extra049")
	checkText(t, s.get("amy", hrefOf(t, page, "Next page")), "extra050", "extra099", "First page", "Next page")
	if strings.Contains(page.text, "extra050") {
		t.Error("the page lists more than the first groups")
	}
	file := s.get("amy", "declared?format=csv").text
	for _, row := range []string{
		`"In the store, and not declared","Group","extra000",""`, `"In the store, and not declared","Group","extra119",""`,
		`"Declared, and removed by an administrator","Grant","order.create to buyers","`,
	} {
		if !strings.Contains(file, row) {
			t.Errorf("the file lacks %s:\n%s", row, file)
		}
	}
}

// A host that names its logout gets a button on each page, also for delegates.
func TestSignOut(t *testing.T) {
	action := func(page answer) (action string) {
		elements(parsedPage(t, page.text), func(n *html.Node, attr map[string]string) {
			if attr["class"] == "out" && attr["method"] == "post" {
				action = attr["action"]
			}
		})
		return action
	}
	s := mountedAt(t, "/admin/", Config{Logout: "/app/logout"}, nil)
	for _, user := range []string{"amy", "lea"} {
		page := s.get(user, "users")
		checkPage(t, "users", page)
		checkText(t, page, "Sign out")
		if got := action(page); got != "/app/logout" {
			t.Errorf("%s signs out at %q", user, got)
		}
	}
	if got := action(newSite(t).get("amy", "users")); got != "" {
		t.Errorf("the host names no logout, and the button leads to %q", got)
	}
}

// The form that disables an account takes a reason.
func TestDisableWithAReason(t *testing.T) {
	s := newSite(t)
	reasons := 0
	root := parsedPage(t, s.get("amy", "user?name=bob").text)
	elements(root, func(form *html.Node, attr map[string]string) {
		has := map[string]bool{}
		elements(form, func(_ *html.Node, attr map[string]string) { has[attr["name"]] = true; has[attr["value"]] = true })
		if form.Data == "form" && has["disable"] && has["reason"] {
			reasons++
		}
	})
	if reasons != 1 {
		t.Error("the form has no field for the reason")
	}
	s.follow("amy", "change", "do", "disable", "user", "bob", "reason", "on leave", "back", "user?name=bob")
	if c := s.lastChange(); c.Reason != "on leave" || !s.account("bob").Disabled {
		t.Errorf("%+v", c)
	}
}

// An explanation states its reason once: as the heading.
func TestWhyStatesTheReasonOnce(t *testing.T) {
	s := newSite(t)
	for _, page := range []string{"why?user=bob&ask=post.write", "why?user=bob&ask=post.read"} {
		text := textOf(s.get("amy", page).text)
		checkText(t, s.get("amy", page), "has_permission(")
		reason := "needs post.write"
		if strings.HasSuffix(page, "read") {
			reason = "readers gives post.read"
		}
		if n := strings.Count(text, reason); n != 1 {
			t.Errorf("%s: the reason is stated %d times:\n%s", page, n, text)
		}
	}
}

// A delegate who is refused learns who could do it, and no names.
func TestRefusedDelegateLearnsWhoCould(t *testing.T) {
	s := newSite(t)
	title := s.permission("rbac.administer").Title
	for status, fields := range map[int][]string{
		http.StatusNotFound:  {"do", "assign", "user", "bob", "group", "admins", "scope", "org:1"},
		http.StatusForbidden: {"do", "grant", "group", "readers", "permission", "post.read"},
	} {
		resp := s.post("lea", "change", fields...)
		if resp.StatusCode != status {
			t.Errorf("%v: %d", fields, resp.StatusCode)
		}
		checkText(t, resp, "the permission "+title)
	}
}
