package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/rbac-go/rbac"
)

// The matrix sends what it shows, and only cells that were changed are edits.
// What a pattern or an inherited group gives is locked.
func TestMatrix(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		return tx.AddInheritance(rbac.Inheritance{Senior: "buyers", Junior: "readers"})
	})
	page := s.get("amy", "matrix")
	fields := hiddenFields(t, page)
	var checked, all []string
	elements(parsedPage(t, page.text), func(n *html.Node, attr map[string]string) {
		if n.Data == "input" && attr["type"] == "checkbox" {
			all = append(all, attr["value"])
			if _, ok := attr["checked"]; ok {
				checked = append(checked, attr["value"])
			}
		}
	})
	if want := []string{cellKey("buyers", "order.create"), cellKey("readers", "post.read")}; !slices.Equal(sorted(checked), want) {
		t.Fatalf("checked are %q, want %q", checked, want)
	}
	for _, locked := range []string{cellKey("admins", "post.read"), cellKey("editors", "post.write"), cellKey("buyers", "post.read")} {
		if slices.Contains(all, locked) {
			t.Errorf("%q can be changed", locked)
		}
	}
	checkText(t, page, "through post.*", "through *", "through readers")

	same := append(slices.Clone(fields), "cell", checked[0], "cell", checked[1])
	before := s.a.Revision()
	if resp := s.post("amy", "matrix", same...); resp.StatusCode != http.StatusSeeOther || s.a.Revision() != before {
		t.Errorf("nothing was changed: %d", resp.StatusCode)
	}
	resp := s.post("amy", "matrix", append(slices.Clone(fields), "cell", cellKey("readers", "post.read"), "cell", cellKey("approvers", "order.approve"))...)
	checkText(t, resp, "order.approve will be granted to approvers", "order.create will be revoked from buyers")
	if text := textOf(resp.text); strings.Contains(text, "post.read from") {
		t.Errorf("a cell that stays is an edit:\n%s", text)
	}
	s.follow("amy", "change", hiddenFields(t, resp)...)
	grants := map[string][]rbac.Grant{}
	must(t, s.a.View(ctx, func(tx *rbac.Tx) (err error) {
		for _, g := range []string{"approvers", "buyers", "readers"} {
			if grants[g], err = tx.Grants(g); err != nil {
				return err
			}
		}
		return nil
	}))
	if len(grants["approvers"]) != 1 || len(grants["buyers"]) != 0 || len(grants["readers"]) != 1 {
		t.Errorf("the grants are %+v", grants)
	}
	if resp := s.post("amy", "matrix", "cell", "nonsense"); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a cell that is none: %d", resp.StatusCode)
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// A new set is previewed, which shows whether somebody violates the set.
func TestSeparation(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "bob", Group: "buyers"})
	})
	page := s.get("amy", "separation")
	checkText(t, page, "purchase", "approvers, buyers", "bob")
	_, apply := s.staged("do", "create-set", "kind", "static", "set", "desk", "cardinality", "2", "member", "leads", "member", "buyers", "back", "separation")
	checkText(t, s.follow("amy", "change", apply...), "amy made the separation set desk")
	page, _ = s.staged("do", "create-set", "kind", "static", "set", "clash", "cardinality", "2", "member", "readers", "member", "buyers", "back", "separation")
	if page.StatusCode != http.StatusConflict {
		t.Errorf("%d", page.StatusCode)
	}
	checkText(t, page, "This would break the separation of duty")
	_, apply = s.staged("do", "delete-set", "kind", "static", "set", "desk", "back", "separation")
	s.follow("amy", "change", append(apply, "confirm_name", "desk")...)
	must(t, s.a.View(ctx, func(tx *rbac.Tx) error {
		if list := must1(tx.SSDSets()); len(list) != 1 {
			t.Errorf("the sets are %+v", list)
		}
		return nil
	}))
	_, apply = s.staged("do", "create-set", "kind", "dynamic", "set", "desk", "cardinality", "2", "member", "leads", "member", "buyers", "back", "separation")
	s.follow("amy", "change", apply...)
	checkText(t, s.get("amy", "separation"), "desk")
}

// The overview shows what an administrator should look at, and keeps the
// findings for a while.
func TestFindings(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "old", Disabled: true})
		if err != nil {
			return err
		}
		if err := tx.AssignUser(rbac.Membership{User: "old", Group: "admins"}); err != nil {
			return err
		}
		if err := tx.AssignUser(rbac.Membership{User: "bob", Group: "buyers"}); err != nil {
			return err
		}
		return tx.GrantPermission(rbac.Grant{Group: "readers", Permission: "pots.*"})
	})
	must(t, second(s.a.Issue(ctx, rbac.Login{User: "bob", Label: "deploy", Expires: s.now().AddDate(5, 0, 0)})))
	page := s.get("amy", "")
	if strings.Contains(textOf(page.text), "not signed in for 90 days") {
		t.Errorf("a new user is idle:\n%s", textOf(page.text))
	}
	checkText(t, page, "Disabled users who hold a protected permission old",
		"Separation sets with users at their limit purchase", "Groups without members approvers", "Patterns that match no permission readers (pots.*)", "Memberships that end within 30 days otto (readers in org:2, 2026-03-08)")
	if strings.Contains(textOf(page.text), "older than a year") {
		t.Error("a new key is old")
	}
	s.update(func(tx *rbac.Tx) error {
		return tx.RevokePermission(rbac.Grant{Group: "readers", Permission: "pots.*"})
	})
	checkText(t, s.get("amy", ""), "pots.*")
	s.advance(keepFindings)
	if text := textOf(s.get("amy", "").text); strings.Contains(text, "readers (pots.*)") {
		t.Errorf("old findings are shown:\n%s", text)
	}
	s.advance(366 * 24 * time.Hour)
	s.token["amy"] = must1(s.a.Issue(ctx, rbac.Login{User: "amy"}))
	checkText(t, s.get("amy", ""), "API keys older than a year deploy", "Users who have not signed in for 90 days, or never bob, lea, otto")
}

// A locked cell has the whole name of what gives the permission, for pointers
// and in the text.
func TestMatrixShowsTheWholeName(t *testing.T) {
	s := newSite(t)
	long := strings.Repeat("correspondence-", 9) + "clerks"
	s.update(func(tx *rbac.Tx) error {
		if _, err := tx.AddGroup(rbac.Group{Name: long}); err != nil {
			return err
		}
		if err := tx.GrantPermission(rbac.Grant{Group: long, Permission: "order.approve"}); err != nil {
			return err
		}
		return tx.AddInheritance(rbac.Inheritance{Senior: "leads", Junior: long})
	})
	page := s.get("amy", "matrix")
	for _, want := range []string{`title="through ` + long + `"`, `>through ` + long + `<`} {
		if !strings.Contains(page.text, want) {
			t.Errorf("the matrix lacks %s", want)
		}
	}
}

// The page of a finding lists exactly what the overview counts: no new account,
// and no account that is in use.
func TestFindingListsWhatIsCounted(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		for i := range 60 {
			u := rbac.User{Name: fmt.Sprintf("idle%02d", i), Created: s.now().AddDate(-2, 0, 0)}
			if _, err := tx.ImportUser(u); err != nil {
				return err
			}
		}
		return nil
	})
	overview := s.get("amy", "")
	checkText(t, overview, "Users who have not signed in for 90 days, or never idle00, idle01, idle02, idle03, idle04 and 55 more")
	href := hrefOf(t, overview, "Users who have not signed in for 90 days, or never")
	first := s.get("amy", href)
	checkText(t, first, "Users who have not signed in for 90 days, or never", "NameLast login", "idle00never", "idle49never")
	checkPage(t, "finding", first)
	second := s.get("amy", hrefOf(t, first, "Next page"))
	checkText(t, second, "idle59never")
	all := first.text + second.text
	for _, user := range []string{"amy", "bob", "lea", "otto"} {
		if strings.Contains(all, "user?name="+user) {
			t.Errorf("the page lists %s, whose account is new", user)
		}
	}
	if got := strings.Count(all, "user?name=idle"); got != 60 {
		t.Errorf("the pages list %d users, and the overview counts 60", got)
	}
	checkText(t, s.get("amy", "finding?kind=empty+groups"), "Groups without members", "approvers", "buyers")
	checkText(t, s.get("amy", "finding?kind=old+keys"), "Nothing of this kind is left.")
	if page := s.get("amy", "finding?kind=other"); page.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown kind: %d", page.StatusCode)
	}
	if page := s.get("lea", href); page.StatusCode != http.StatusForbidden {
		t.Errorf("a delegate: %d", page.StatusCode)
	}
}

// The rights of another user are shown, and nothing can be done as the user.
func TestViewAs(t *testing.T) {
	s := newSite(t)
	checkText(t, s.get("amy", "view-as?user=bob"), "Menu of bob", "Read posts", "post.read", "readers")
	if text := textOf(s.get("amy", "view-as?user=otto").text); strings.Contains(text, "post.read Why?") {
		t.Errorf("rights of a scope count everywhere:\n%s", text)
	}
	checkText(t, s.get("amy", "view-as?user=otto&scope=org:2"), "post.read Why?")
	if resp := s.get("amy", "view-as?user=nobody"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("%d", resp.StatusCode)
	}
	s.update(func(tx *rbac.Tx) error {
		u, err := tx.User("bob")
		u.Disabled = true
		if err != nil {
			return err
		}
		return tx.ModifyUser(u)
	})
	checkText(t, s.get("amy", "view-as?user=bob"), "The account is disabled")
}

// The page of the catalogue shows what the store lacks, and what it has beside.
func TestDeclared(t *testing.T) {
	s := newSite(t)
	checkText(t, s.get("amy", "declared"), "The store has everything")
	s.update(func(tx *rbac.Tx) error {
		_, err := tx.AddGroup(rbac.Group{Name: "guests"})
		if err != nil {
			return err
		}
		if err := tx.RevokePermission(rbac.Grant{Group: "buyers", Permission: "order.create"}); err != nil {
			return err
		}
		for _, name := range []string{"order.approve", "post.read", "post.write", "post.delete"} {
			if err := tx.DeletePermission(name); err != nil {
				return err
			}
		}
		return nil
	})
	page := s.get("amy", "declared")
	checkText(t, page, "In the store, and not declared", "guests", "Declared, and removed by an administrator", "order.approve", "buyers")
	checkText(t, s.inLanguage("amy", "zh", "declared"), "授权 post.* to editors 该模式不匹配任何权限")
	before := s.a.Revision()
	s.advance(time.Minute)
	s.get("amy", "declared")
	if s.a.Revision() != before {
		t.Error("the page has changed something")
	}
}

// An explanation names every path, and what is missing.
func TestWhy(t *testing.T) {
	s := newSite(t)
	checkText(t, s.get("amy", "why?user=bob&ask=post.read"), "Yes.", "bob → readers")
	checkText(t, s.get("amy", "why?user=bob&ask=post.write"), "No.", "editors")
	checkText(t, s.get("amy", "why?user=otto&ask=post.read&scope=org:2"), "Yes.")
	checkText(t, s.get("amy", "why?user=bob&ask="+`any(has_permission("post.write"),in_group("readers"))`), "Yes.")
	for page, status := range map[string]int{"why?user=nobody&ask=post.read": 404, "why?user=bob&ask=any(": 422} {
		if resp := s.get("amy", page); resp.StatusCode != status {
			t.Errorf("%s: %d\n%s", page, resp.StatusCode, textOf(resp.text))
		}
	}
}
