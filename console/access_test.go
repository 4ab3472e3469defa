package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// forms are forms that would change something if an administrator sent them.
var forms = [][]string{
	{"change", "do", "assign", "user", "bob", "group", "editors", "scope", "org:2"},
	{"change", "do", "assign", "user", "bob", "group", "admins"},
	{"change", "do", "deassign", "user", "amy", "group", "admins"},
	{"change", "do", "deassign", "user", "otto", "group", "readers", "scope", "org:2"},
	{"change", "do", "modify-membership", "user", "otto", "group", "readers", "scope", "org:2", "note", "x"},
	{"change", "do", "modify-user", "user", "amy", "name", "amy", "email", "evil@example.org"},
	{"change", "do", "disable", "user", "amy"},
	{"change", "do", "unlock", "user", "amy"},
	{"change", "do", "end-sessions", "user", "amy"},
	{"change", "do", "delete-user", "user", "otto", "confirm_name", "otto"},
	{"change", "do", "add-group", "group", "intruders"},
	{"change", "do", "modify-group", "group", "readers", "name", "lesers"},
	{"change", "do", "delete-group", "group", "readers", "confirm_name", "readers"},
	{"change", "do", "grant", "group", "readers", "permission", "*"},
	{"change", "do", "revoke", "group", "readers", "permission", "post.read"},
	{"change", "do", "inherit", "group", "readers", "junior", "admins"},
	{"change", "do", "disinherit", "group", "editors", "junior", "readers"},
	{"change", "do", "end-scope", "scope", "org:2", "confirm_name", "org:2"},
	{"change", "edit", "do=assign&user=bob&group=admins"},
	{"change", "undo", "1"},
	{"change", "do", "create-set", "set", "x", "member", "readers", "member", "buyers"},
	{"change", "do", "delete-set", "set", "purchase", "kind", "static", "confirm_name", "purchase"},
	{"change", "do", "add-permission", "name", "post.burn"},
	{"change", "do", "modify-permission", "permission", "post.read", "title", "Free for all"},
	{"change", "do", "delete-permission", "permission", "post.read", "confirm_name", "post.read"},
	{"change", "do", "add-section", "section", "x"},
	{"change", "do", "modify-section", "section", "posts", "title", "x"},
	{"change", "do", "delete-section", "section", "posts", "confirm_name", "posts"},
	{"change", "do", "set-delegation", "group", "readers", "member", "editors", "users", "1"},
	{"change", "do", "delete-delegation", "group", "leads"},
	{"matrix", "cell", "group=readers&permission=post.delete"},
	{"link", "user", "amy", "purpose", "reset"},
	{"new-user", "name", "eve", "group", "admins"},
}

// confirmed returns the forms as the browser of an administrator would send them
// after the pages of their effects.
func (s *site) confirmed() (list [][]string) {
	s.t.Helper()
	staged := 0
	for _, form := range forms {
		do := ""
		if form[0] == "change" && form[1] == "do" {
			do = form[2]
		}
		if form[0] != "matrix" && (do == "" || kinds[do].direct) {
			list = append(list, form)
			continue
		}
		staged++
		apply := append([]string{"change"}, hiddenFields(s.t, s.post("amy", form[0], form[1:]...))...)
		if i := slices.Index(form, "confirm_name"); i > 0 {
			apply = append(apply, form[i:i+2]...)
		}
		list = append(list, apply)
	}
	if staged < 14 {
		s.t.Fatalf("%d forms are staged; the test would prove little", staged)
	}
	return list
}

// Nobody but administrators and delegates sees or changes anything.
func TestStrangersGetNothing(t *testing.T) {
	s := newSite(t)
	before, confirmed := s.a.Revision(), s.confirmed()
	for _, user := range []string{"", "bob"} {
		for page, p := range must1(New(httpguard.New(s.a, httpguard.Config{Insecure: true, Site: "https://app.example.com"}), s.a, Config{})).(*console).pages {
			resp := s.get(user, page)
			if resp.StatusCode == http.StatusOK || strings.Contains(resp.text, "otto") {
				t.Errorf("%q sees %q: %d", user, page, resp.StatusCode)
			}
			if p.post != nil {
				if resp := s.post(user, page); resp.StatusCode < 300 || resp.StatusCode == http.StatusSeeOther && user != "" {
					t.Errorf("%q sends a form to %q: %d", user, page, resp.StatusCode)
				}
			}
		}
		for _, form := range confirmed {
			if resp := s.post(user, form[0], form[1:]...); resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusSeeOther && user != "" {
				t.Errorf("%q: %v is answered with %d", user, form, resp.StatusCode)
			}
		}
	}
	if now := s.a.Revision(); now != before {
		t.Errorf("the store is at revision %v, want %v", now, before)
	}
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A form that another site makes the browser of an administrator send changes
// nothing.
func TestFormsOfOtherSites(t *testing.T) {
	s := newSite(t)
	before := s.a.Revision()
	for _, form := range s.confirmed() {
		r := s.form(form[0], form[1:]...)
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if resp := s.send("amy", r); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%v is answered with %d", form, resp.StatusCode)
		}
	}
	if now := s.a.Revision(); now != before {
		t.Errorf("the store is at revision %v, want %v", now, before)
	}
}

// A GET changes nothing, whatever its parameters.
func TestGetChangesNothing(t *testing.T) {
	s := newSite(t)
	before := s.a.Revision()
	for _, form := range s.confirmed() {
		q := url.Values{}
		for i := 1; i+1 < len(form); i += 2 {
			q.Add(form[i], form[i+1])
		}
		s.get("amy", form[0]+"?"+q.Encode())
	}
	if now := s.a.Revision(); now != before {
		t.Errorf("the store is at revision %v, want %v", now, before)
	}
}

// A delegate changes nothing beyond the delegation, whatever is sent.
func TestDelegateIsLimited(t *testing.T) {
	s := newSite(t)
	before := s.a.Revision()
	for _, form := range s.confirmed() {
		if resp := s.post("lea", form[0], form[1:]...); resp.StatusCode == http.StatusSeeOther || resp.StatusCode >= 500 {
			t.Errorf("%v is answered with %d", form, resp.StatusCode)
		}
	}
	if now := s.a.Revision(); now != before {
		t.Errorf("the store is at revision %v, want %v", now, before)
	}
}

// A delegate of a scope sees the members of the scope, and gives groups there.
func TestDelegate(t *testing.T) {
	s := newSite(t)
	checkText(t, s.get("lea", ""), "org:1", "editors", "readers")
	users := s.get("lea", "users")
	checkText(t, users, "bob", "lea", "2 users")
	if strings.Contains(textOf(users.text), "otto") {
		t.Error("a member of another scope is shown")
	}
	for _, page := range []string{"user?name=otto", "user?name=amy", "group?name=admins", "users?scope=org:2", "users?scope=org:1&group=admins"} {
		if resp := s.get("lea", page); resp.StatusCode != http.StatusNotFound && !strings.Contains(textOf(resp.text), "0 users") {
			t.Errorf("%s: %d\n%s", page, resp.StatusCode, textOf(resp.text))
		}
	}
	for _, page := range []string{"changes", "sessions", "permissions", "scopes", "why?user=amy&ask=post.read"} {
		if resp := s.get("lea", page); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", page, resp.StatusCode)
		}
	}
	page := s.follow("lea", "change", "do", "assign", "user", "bob", "group", "editors", "scope", "org:1", "back", "user?name=bob")
	checkText(t, page, "lea gave editors to bob in org:1", "Undo")
	if !s.may("bob", "post.write", "org:1") || s.may("bob", "post.write", "") {
		t.Error("bob is an editor in org:1, and nowhere else")
	}
	resp := s.post("lea", "new-user", "name", "nina", "group", "readers", "scope", "org:1")
	if resp.StatusCode != http.StatusOK || !strings.Contains(resp.text, "https://app.example.com/password?link=") {
		t.Errorf("a new user: %d\n%s", resp.StatusCode, textOf(resp.text))
	}
}

// The ticket decides: a ticket that is narrowed to harmless groups gives no
// access.
func TestNarrowedTicket(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error { return tx.AssignUser(rbac.Membership{User: "amy", Group: "readers"}) })
	s.token["amy"] = must1(s.a.Issue(ctx, rbac.Login{User: "amy", Groups: []string{"readers"}}))
	if resp := s.get("amy", ""); resp.StatusCode != http.StatusForbidden {
		t.Errorf("%d", resp.StatusCode)
	}
}

// An Identity of another Authority gives no access, whatever permissions it has.
func TestIdentityOfAnotherAuthority(t *testing.T) {
	s := newSite(t)
	h := must1(New(httpguard.New(s.a, httpguard.Config{Insecure: true, Site: "https://app.example.com"}), s.a, Config{}))
	for _, id := range []*rbac.Identity{nil, rbac.NewIdentity("amy", []string{"admins"}, []string{"rbac.administer"}),
		must1(newSite(t).a.Identity(ctx, "amy"))} {
		s.h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r.WithContext(rbac.NewContext(r.Context(), id)))
		})
		if resp := s.get("", ""); resp.StatusCode == http.StatusOK {
			t.Errorf("%v sees the overview", id)
		}
	}
}

// New refuses what would not work.
func TestNewRefuses(t *testing.T) {
	s := newSite(t)
	g := httpguard.New(s.a, httpguard.Config{Insecure: true, Site: "https://app.example.com"})
	for name, err := range map[string]error{
		"no Guard":     second(New(nil, s.a, Config{})),
		"no Authority": second(New(g, nil, Config{})),
		"no Site":      second(New(httpguard.New(s.a, httpguard.Config{Insecure: true}), s.a, Config{})),
		"no slash":     second(New(g, s.a, Config{Path: "/admin"})),
		"relative":     second(New(g, s.a, Config{Path: "admin/"})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// crawl loads every page that links lead to, as a user, and calls f with each.
func (s *site) crawl(user string, f func(page string, resp answer)) {
	seen, queue := map[string]bool{"": true}, []string{""}
	for ; len(queue) > 0; queue = queue[1:] {
		page := queue[0]
		resp := s.get(user, page)
		f(page, resp)
		elements(parsedPage(s.t, resp.text), func(n *html.Node, attr map[string]string) {
			href, _, _ := strings.Cut(strings.TrimPrefix(attr["href"], "./"), "#")
			if n.Data != "a" || href == "" || strings.HasPrefix(href, "/") || strings.Contains(href, ":") && !strings.Contains(href, "?") || seen[href] || len(seen) > 300 {
				return
			}
			seen[href] = true
			queue = append(queue, href)
		})
	}
}
