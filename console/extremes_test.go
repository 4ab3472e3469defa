package console

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/rbac-go/rbac"
)

// mostBytes is the size that no page exceeds.
const mostBytes = 300_000

// extremes adds what makes pages large: bob with thousands of memberships and
// rights, lea with thousands of scopes and groups to give, groups that inherit
// and are inherited by thousands of others, large sets and delegations, and
// texts of 64 KiB.
func (s *site) extremes() {
	const many = 2000
	text := strings.Repeat("A long text. ", 64<<10/13)
	s.update(func(tx *rbac.Tx) (err error) {
		do := func(faults ...error) { err = errors.Join(err, errors.Join(faults...)) }
		group := func(name, note string) {
			_, fault := tx.AddGroup(rbac.Group{Name: name, DisplayName: "The group with the name " + name, Note: note})
			do(fault)
		}
		for _, name := range []string{"top", "bottom"} {
			group(name, "")
		}
		var names []string
		for i := range many {
			g, p, note := fmt.Sprintf("department%05d", i), permissionName(i), ""
			if i < 60 {
				note = text
			}
			group(g, note)
			names = append(names, g)
			_, fault := tx.AddPermission(rbac.Permission{Name: p, Title: "A permission with a title", Section: "posts", Description: note})
			do(fault,
				tx.AddSection(rbac.Section{Name: fmt.Sprint("section", i), Title: "A section with a title"}),
				tx.GrantPermission(rbac.Grant{Group: g, Permission: p}),
				tx.GrantPermission(rbac.Grant{Group: "readers", Permission: p}),
				tx.AddInheritance(rbac.Inheritance{Senior: "top", Junior: g}),
				tx.AddInheritance(rbac.Inheritance{Senior: g, Junior: "bottom"}),
				tx.AssignUser(rbac.Membership{User: "bob", Group: g, Scope: "org:1", Note: note}),
				tx.AssignUser(rbac.Membership{User: "bob", Group: g, Scope: fmt.Sprint("org:", i), Note: note}))
			if i == 1 {
				err = nil // the scope is there already
			}
			if i < 120 {
				do(tx.AddDelegation(rbac.Delegation{Group: g, Assign: []string{g}, Note: note}),
					tx.CreateDSDSet(rbac.SeparationSet{Name: fmt.Sprint("set", i), Groups: []string{"buyers", g}, Cardinality: 2}))
			}
		}
		for i := range 5000 {
			do(tx.AssignUser(rbac.Membership{User: "lea", Group: "leads", Scope: fmt.Sprintf("tenant:%05d", i)}))
		}
		for i := range 600 {
			u, fault := tx.AddUser(rbac.User{Name: fmt.Sprintf("person%04d", i), DisplayName: "A Person with a Name", Email: fmt.Sprintf("person%04d@example.org", i)})
			do(fault, tx.AssignUser(rbac.Membership{User: u.Name, Group: names[i]}))
		}
		var desks []string
		for i := range many {
			desks = append(desks, fmt.Sprintf("desk%05d", i))
			group(desks[i], "")
			do(tx.AssignUser(rbac.Membership{User: fmt.Sprintf("person%04d", i%600), Group: desks[i], Scope: fmt.Sprint("org:", i/600)}))
		}
		for i := 1; i < 400; i++ { // a chain of groups
			group(fmt.Sprintf("level%03d", i), "")
			if i > 1 {
				do(tx.AddInheritance(rbac.Inheritance{Senior: fmt.Sprintf("level%03d", i-1), Junior: fmt.Sprintf("level%03d", i)}))
			}
			do(tx.GrantPermission(rbac.Grant{Group: fmt.Sprintf("level%03d", i), Permission: permissionName(i)}))
		}
		_, fault := tx.AddUser(rbac.User{Name: "deep", Note: text})
		do(fault, tx.AssignUser(rbac.Membership{User: "deep", Group: "level001"}),
			tx.AssignUser(rbac.Membership{User: "deep", Group: "top"}),
			tx.ModifyDelegation(rbac.Delegation{Group: "leads", Assign: append(slices.Clone(names), "readers", "editors"), Users: true}),
			tx.CreateSSDSet(rbac.SeparationSet{Name: "large", Groups: desks, Cardinality: 2}))
		return err
	})
	for range 120 {
		must1(s.a.Issue(ctx, rbac.Login{User: "bob", UserAgent: strings.Repeat("Browser ", 30)}))
	}
}

func permissionName(i int) string { return fmt.Sprintf("post.permission%05d", i) }

// extremePages are the pages with the most to show.
var extremePages = []string{
	"user?name=bob", "user?name=deep", "user?name=lea", "group?name=readers", "group?name=top", "group?name=bottom", "group?name=leads", "group?name=level001",
	"group?name=department00001", "permission?name=post.permission00007", "view-as?user=bob&scope=org:1", "view-as?user=deep", "why?user=bob&ask=post.permission00007&scope=org:1",
	"why?user=deep&ask=post.permission00007", "users?q=bob", "users?group=bottom", "users?scope=tenant:00017", "matrix?g=department&q=post.permission", "changes?action=AddDelegation",
	"changes?action=ModifyDelegation", "changes?subject=department00001", "separation", "declared", "sections", "scopes",
}

// No page has more than 300 KB, however much there is to show.
func TestExtremePagesAreBounded(t *testing.T) {
	s := newSite(t)
	s.extremes()
	s.runs.Store(1)
	for user, least := range map[string]int{"amy": 90, "lea": 15} {
		pages := 0
		s.crawlKinds(user, extremePages, func(page string, resp answer) {
			pages++
			status := resp.StatusCode
			if user == "lea" && (status == http.StatusForbidden || status == http.StatusNotFound) {
				status = http.StatusOK // not hers to see
			}
			if status != http.StatusOK || len(resp.text) > mostBytes {
				t.Errorf("%s: %q: %d, %d bytes", user, page, resp.StatusCode, len(resp.text))
			}
		})
		if pages < least {
			t.Errorf("%s has reached %d pages, want %d", user, pages, least)
		}
	}
	bulk := []string{"do", "assign", "group", "department00001", "back", "users"}
	for i := range maxEdits {
		bulk = append(bulk, "user", fmt.Sprintf("person%04d", i))
	}
	for name, fields := range map[string][]string{
		"500 users":       bulk,
		"many rights":     {"do", "inherit", "group", "bottom", "junior", "readers", "back", "groups"},
		"a large group":   {"do", "delete-group", "group", "top", "back", "groups"},
		"a large set":     {"do", "delete-set", "kind", "static", "set", "large", "back", "separation"},
		"a fault":         {"do", "create-set", "kind", "static", "set", "large2", "cardinality", "1", "members", "top\nbottom", "back", "separation"},
		"a large refusal": {"do", "set-delegation", "group", "leads", "members", strings.Repeat("nobody\n", 3000), "back", "delegations"},
	} {
		if resp := s.post("amy", "change", fields...); resp.StatusCode >= 500 || len(resp.text) > mostBytes {
			t.Errorf("%s: %d, %d bytes", name, resp.StatusCode, len(resp.text))
		}
	}
}

// Whoever confirms 500 edits reads every one of them first.
func TestEveryEditIsVisible(t *testing.T) {
	s := newSite(t)
	s.addUsers(maxEdits)
	for do, sentence := range map[string]string{"assign": "%s will get editors", "disable": "%s will be disabled"} {
		bulk := []string{"do", do, "group", "editors", "back", "users"}
		for i := range maxEdits {
			bulk = append(bulk, "user", fmt.Sprintf("u%04d", i))
		}
		text := textOf(s.post("amy", "change", bulk...).text)
		for i := range maxEdits {
			if want := fmt.Sprintf(sentence, fmt.Sprintf("u%04d", i)); !strings.Contains(text, want) {
				t.Fatalf("the page lacks %q:\n%.2000s", want, text)
			}
		}
	}
}

// crawlKinds follows links from the first page and from others, and loads two
// pages of each kind: with the same name and the same parameters.
func (s *site) crawlKinds(user string, queue []string, f func(page string, resp answer)) {
	queue = append([]string{""}, queue...)
	seen, kinds := map[string]bool{}, map[string]int{}
	for ; len(queue) > 0; queue = queue[1:] {
		page := queue[0]
		name, query, _ := strings.Cut(page, "?")
		q := must1(url.ParseQuery(query))
		kind := name + " " + strings.Join(slices.Sorted(maps.Keys(q)), " ")
		if seen[page] || q.Get("format") != "" || kinds[kind] >= 2 && !slices.Contains(extremePages, page) {
			continue
		}
		seen[page] = true
		kinds[kind]++
		resp := s.get(user, page)
		f(page, resp)
		elements(parsedPage(s.t, resp.text), func(n *html.Node, attr map[string]string) {
			href, _, _ := strings.Cut(strings.TrimPrefix(attr["href"], "./"), "#")
			name, _, _ := strings.Cut(href, "?")
			if n.Data == "a" && href != "" && !strings.ContainsAny(cmp.Or(name, "x"), "/:") {
				queue = append(queue, href)
			}
		})
	}
}
