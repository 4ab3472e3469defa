package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

func whyPage(pairs ...string) string { return address("why", pairs...) }

// Why answers whether a user may use a route, by the rule of the route that
// serves the request.
func TestWhyRoute(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		user, route, want string
		status            int
	}{
		{"bob", "GET /posts/1", "Yes. readers gives post.read", 200},
		{"bob", "/posts/1", `The rule of GET /posts/{id}: has_permission("post.read")`, 200},
		{"bob", "GET /posts/{id}", "Yes. readers gives post.read", 200},
		{"bob", "post /posts/1", "No. needs post.write", 200},
		{"lea", "GET /posts/1", "What would give the right admins, editors, readers", 200},
		{"lea", "GET /about", "Everybody may use this route", 200},
		{"bob", "PUT /posts/1", "The program decides about this route", 422},
		{"bob", "GET /intern", "The program decides about this route", 422},
		{"bob", "GET /office", "The program decides about this route", 422},
		{"lea", "GET /office", "The program decides about this route", 422},
		{"bob", "GET /drafts", "The program decides about this route", 422},
		{"bob", "GET /own", "The program decides about this route", 422},
		{"otto", "GET /org/2", "Yes. in org:2: readers gives post.read", 200},
		{"bob", "GET https://Files.Example.com:443/a", "The rule of files.example.com/", 200},
		{"bob", "GET /nowhere", "There is no such record: GET /nowhere", 404},
		{"bob", "DELETE /posts/1", "There is no such record", 404},
		{"bob", "posts", "There is no such record", 404},
		{"nobody", "GET /posts/1", "There is no user nobody.", 404},
	} {
		page := s.get("amy", whyPage("user", c.user, "route", c.route))
		checkText(t, page, c.want)
		if page.StatusCode != c.status {
			t.Errorf("%s, %s: %d, want %d", c.user, c.route, page.StatusCode, c.status)
		}
		checkPage(t, c.route, page)
	}
	page := s.get("amy", whyPage("user", "lea", "route", "GET /posts/1", "scope", "org:1", "ask", "post.write"))
	if got := strings.Count(textOf(page.text), "What would give the right"); got != 2 {
		t.Errorf("%d answers, want those about the permission and the route:\n%s", got, textOf(page.text))
	}
}

// The scope of the page does not count for routes: the rule of a route has the
// scope, if any.
func TestRoutesDecideTheScope(t *testing.T) {
	s := newSite(t)
	for _, scope := range []string{"org:1", "org:2", "org:3"} {
		checkText(t, s.get("amy", whyPage("user", "otto", "route", "GET /posts/1", "scope", scope)), "No. needs post.read", "The scope does not count for the route")
		checkText(t, s.get("amy", whyPage("user", "otto", "route", "GET /org/2", "scope", scope)), "Yes. in org:2: readers gives post.read")
		page := s.get("amy", address("view-as", "user", "otto", "scope", scope))
		checkText(t, page, "GET /posts/{id}no", "GET /org/2yes", "GET /draftsdecided by the program for each request", "GET /owndecided by the program for each request", "The scope does not count for the route")
		if strings.Contains(page.text, "route=GET&#43;%2Forg%2F2&amp;scope") {
			t.Errorf("the links about routes have a scope:\n%s", page.text)
		}
	}
	checkText(t, s.get("amy", whyPage("user", "otto", "ask", "post.read", "scope", "org:2")), "Yes. ")
}

// Why says what gives a right, and what the user would lose with each membership
// that gives it.
func TestWhyLosses(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		if err := tx.AssignUser(rbac.Membership{User: "otto", Group: "editors", Scope: "org:2"}); err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "otto", Group: "editors", Scope: "org:3"})
	})
	page := s.get("amy", whyPage("user", "otto", "ask", "post.read", "scope", "org:2"))
	checkText(t, page, "Without the membership in editors in org:2: the right remains. Nothing else gives post.delete, post.write",
		"Without the membership in readers in org:2: the right remains.")
	if text := textOf(page.text); strings.Contains(text, "in editors in org:3") {
		t.Errorf("a membership of another scope is listed:\n%s", text)
	}
	checkText(t, s.get("amy", whyPage("user", "otto", "ask", "post.write", "scope", "org:2")), "in editors in org:2: the right is lost.")
	page = s.get("amy", whyPage("user", "bob", "ask", "post.read"))
	checkText(t, page, "Without the membership in readers: the right is lost. Nothing else gives post.read", "Groups of bob")
	if text := textOf(page.text); strings.Contains(text, "org:1: the right") {
		t.Errorf("a membership of a scope is listed, and the question is about no scope:\n%s", text)
	}
	s.advance(8 * 24 * 3600e9) // the membership of otto in readers has ended
	s.token["amy"] = must1(s.a.Issue(ctx, rbac.Login{User: "amy"}))
	checkText(t, s.get("amy", whyPage("user", "otto", "ask", "post.read", "scope", "org:2")), "in editors in org:2: the right is lost.")
}

// View as lists the routes with what the user may do, and nobody is signed in as
// the user.
func TestViewAsRoutes(t *testing.T) {
	s := newSite(t)
	before := s.a.Revision()
	for user, want := range map[string][]string{
		"bob": {"GET /aboutyespublic", "GET /posts/{id}yes", "POST /posts/{id}no", "GET /interndecided by the program for each request",
			"GET /officedecided by the program for each request", "PUT /posts/{id}decided by the program for each request"},
		"lea": {"GET /aboutyespublic", "GET /posts/{id}no", "POST /posts/{id}no"},
	} {
		page := s.get("amy", address("view-as", "user", user))
		checkText(t, page, want...)
		checkPage(t, "view-as", page)
	}
	if tickets := must1(s.a.Tickets(ctx, "bob")); len(tickets) != 1 || s.a.Revision() != before {
		t.Errorf("bob has %d tickets, and the store is at revision %v, was at %v", len(tickets), s.a.Revision(), before)
	}
	must(t, s.a.Update(ctx, func(tx *rbac.Tx) error {
		u := must1(tx.User("bob"))
		u.Disabled = true
		return tx.ModifyUser(u)
	}))
	page := s.get("amy", "view-as?user=bob")
	if text := textOf(page.text); page.StatusCode != http.StatusOK || strings.Contains(text, "/posts/") {
		t.Errorf("a disabled user may use routes: %d\n%s", page.StatusCode, text)
	}
}

// View as without a scope names the scopes in which the user has memberships
// now, and says that the rights everywhere are not all.
func TestViewAsNamesTheScopes(t *testing.T) {
	s := newSite(t)
	page := s.get("amy", "view-as?user=otto")
	checkText(t, page, "This user has no rights that hold everywhere. Choose a scope", "Memberships in a scope give further rights", "org:2", "memberships in scopes only")
	checkPage(t, "view-as", page)
	checkText(t, s.get("amy", hrefOf(t, page, "org:2")), "post.read", "readers")
	checkText(t, s.get("amy", "view-as?user=otto&scope=org:9"), "This user has no rights in this scope.", "no group that counts in this scope")
	checkText(t, s.get("amy", "view-as?user=bob"), "Below are the rights that bob has everywhere", "org:1", "post.read")
	if text := textOf(s.get("amy", "view-as?user=amy").text); strings.Contains(text, "In a scope") {
		t.Errorf("amy has no membership in a scope:\n%s", text)
	}
	s.update(func(tx *rbac.Tx) error {
		for i := range 3000 {
			if err := tx.AssignUser(rbac.Membership{User: "bob", Group: "editors", Scope: fmt.Sprintf("many:%04d", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	page = s.get("amy", "view-as?user=bob")
	if !strings.Contains(page.text, ">many:0049</a>") {
		t.Error("the list of scopes lacks the fiftieth")
	}
	if strings.Contains(page.text, ">many:0050</a>") {
		t.Error("the list of scopes is not bounded")
	}
	if next := s.get("amy", "view-as?user=bob&scopes=50"); !strings.Contains(next.text, ">many:0050</a>") {
		t.Error("the next page of scopes does not begin with the next scope")
	}
	s.advance(7 * 24 * time.Hour) // the membership of otto has ended
	s.token["amy"] = must1(s.a.Issue(ctx, rbac.Login{User: "amy"}))
	checkText(t, s.get("amy", "view-as?user=otto"), "This user has no rights.", "This user is in no group, and has no rights.")
}

// A console without a Mux asks for no route.
func TestWhyWithoutRoutes(t *testing.T) {
	c := &console{}
	if _, err := c.route("GET /"); err == nil || len(c.routes()) != 0 {
		t.Errorf("a route is found: %v", err)
	}
}
