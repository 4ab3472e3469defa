package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

const missing = "needs post.write, which the group editors gives; you are in no group"

func TestAnonymousIsLedBackAfterLogin(t *testing.T) {
	b := newSite(t).browser()
	a := b.get("/posts/new?draft=1&x=a+b")
	if want := "/login?came_from=%2Fposts%2Fnew%3Fdraft%3D1%26x%3Da%2Bb"; a.status != http.StatusSeeOther || a.location != want {
		t.Fatalf("anonymous at a guarded page: %d to %q, want 303 to %q", a.status, a.location, want)
	}
	form := b.get(a.location)
	b.want("login page", form, http.StatusOK, "User name", "Password")
	if !strings.Contains(form.body, `name="came_from" value="/posts/new?draft=1&amp;x=a&#43;b"`) {
		t.Errorf("the login form does not remember the page that was asked for:\n%s", form.body)
	}
	a = b.post("/login", "user", "manager", "password", "managepass", "came_from", "/posts/new?draft=1&x=a+b")
	if a.status != http.StatusSeeOther || a.location != "/posts/new?draft=1&x=a+b" {
		t.Fatalf("login led to %d %q, not back with the query", a.status, a.location)
	}
}

func TestWrongPasswordKeepsTheNameOnly(t *testing.T) {
	b := newSite(t).browser()
	a := b.post("/login", "user", "editor", "password", "wrong password")
	b.want("wrong password", a, http.StatusUnauthorized, "user name or password is wrong")
	if !strings.Contains(a.body, `value="editor"`) || strings.Contains(a.body, "wrong password") {
		t.Errorf("the form must keep the name and never the password:\n%s", a.body)
	}
}

func TestDenialSaysWhy(t *testing.T) {
	editor := newSite(t).as("editor", "editpass")
	a := editor.get("/posts/new")
	editor.want("editor in no group", a, http.StatusForbidden, missing, "Sign in as someone else")
	if !strings.Contains(a.body, `href="/login?came_from=%2Fposts%2Fnew">Sign in as someone else`) {
		t.Errorf("no way to sign in as someone else and come back:\n%s", a.body)
	}
	editor.want("editor at /admin", editor.get("/admin"), http.StatusForbidden, "needs manage, which the group managers gives; you are in no group")
}

func TestChangesTakeEffectAtTheNextClick(t *testing.T) {
	s := newSite(t)
	manager, editor := s.as("manager", "managepass"), s.as("editor", "editpass")
	for _, step := range []struct {
		what   string
		path   string
		form   []string
		status int
		text   string
	}{
		{"editor in no group", "", nil, 403, missing},
		{"assigned", "/admin/assign", []string{"user", "editor", "group", "editors"}, 200, "Write a post"},
		{"revoked", "/admin/revoke", []string{"group", "editors", "permission", "post.write"}, 403, "needs post.write, which no group gives; you are in editors"},
		{"granted", "/admin/grant", []string{"group", "editors", "permission", "post.write"}, 200, "Write a post"},
		{"deassigned", "/admin/deassign", []string{"user", "editor", "group", "editors"}, 403, missing},
		{"disabled", "/admin/disable", []string{"user", "editor"}, 303, ""},
		{"enabled: the ticket is gone for good", "/admin/enable", []string{"user", "editor"}, 303, ""},
	} {
		if step.path != "" {
			manager.done(step.what, manager.post(step.path, step.form...))
		}
		editor.want(step.what, editor.get("/posts/new"), step.status, step.text)
	}
	s.as("editor", "editpass")
}

func TestMenuShowsWhatOneMayDo(t *testing.T) {
	s := newSite(t)
	links := func(b *browser) string {
		a := b.get("/")
		nav := a.body[:strings.Index(a.body, `<main`)]
		var found []string
		for _, href := range []string{"/posts/new", "/admin", "/me", "/login"} {
			if strings.Contains(nav, `href="`+href) {
				found = append(found, href)
			}
		}
		return strings.Join(found, " ")
	}
	manager, editor := s.as("manager", "managepass"), s.as("editor", "editpass")
	for who, b := range map[string]*browser{"/login": s.browser(), "/admin /me": manager, "/me": editor} {
		if got := links(b); got != who {
			t.Errorf("the navigation leads to %q, want %q", got, who)
		}
	}
	manager.done("assign", manager.post("/admin/assign", "user", "editor", "group", "editors"))
	if got := links(editor); got != "/posts/new /me" {
		t.Errorf("an editor's navigation leads to %q", got)
	}
}

// Whatever somebody may do by the menu, the guard lets them do, and nothing else: for every set of permissions.
func TestMenuAndGuardAgree(t *testing.T) {
	s := newSite(t)
	permissions := catalogue.Permissions
	for set := range 1 << len(permissions) {
		name := fmt.Sprintf("user%d", set)
		s.update(t, func(tx *rbac.Tx) error {
			_, err1 := tx.AddUser(rbac.User{Name: name})
			_, err2 := tx.AddGroup(rbac.Group{Name: name})
			errs := []error{err1, err2, tx.AssignUser(rbac.Membership{User: name, Group: name})}
			for i, p := range permissions {
				if set&(1<<i) != 0 {
					errs = append(errs, tx.GrantPermission(rbac.Grant{Group: name, Permission: p.Name}))
				}
			}
			return errors.Join(errs...)
		})
		token, err := s.authority.Issue(t.Context(), rbac.Login{User: name})
		if err != nil {
			t.Fatal(err)
		}
		home := s.bearer("/", token.Secret())
		for i, p := range permissions {
			href, ok := pages[p.Name]
			if !ok {
				continue
			}
			shown := strings.Contains(home.body, `href="`+href+`"`)
			allowed := s.bearer(href, token.Secret()).status
			if shown != (set&(1<<i) != 0) || shown != (allowed == http.StatusOK) {
				t.Errorf("permissions %b: the menu shows %s: %v; the guard answers %d", set, href, shown, allowed)
			}
		}
	}
}

func TestPostsBelongToTheirAuthors(t *testing.T) {
	s := newSite(t)
	manager, editor := s.as("manager", "managepass"), s.as("editor", "editpass")
	manager.done("assign", manager.post("/admin/assign", "user", "editor", "group", "editors"))
	a := editor.post("/posts/new", "title", "Mine", "body", "Text", "author", "somebody else")
	editor.done("new post", a)
	if a.location != "/posts/2" {
		t.Fatalf("a new post leads to %q", a.location)
	}
	editor.want("own post", editor.get("/posts/2"), 200, "Mine", "Example editor", "Edit")
	editor.want("edit own post", editor.get("/posts/2/edit"), 200, "Text")
	editor.done("save own post", editor.post("/posts/2/edit", "title", "Still mine", "body", "Text"))
	const notAuthor = "needs post.edit, which no group gives, or to have written the post; you are in "
	editor.want("edit another's post", editor.get("/posts/1/edit"), 403, notAuthor+"editors")
	editor.want("save another's post", editor.post("/posts/1/edit", "title", "Taken", "body", "over"), 403)
	manager.want("a manager has no right to edit", manager.get("/posts/2/edit"), 403, notAuthor+"managers")
	for _, path := range []string{"/posts/3/edit", "/posts/0/edit", "/posts/x/edit", "/posts/3"} {
		editor.want(path+", which is not there", editor.get(path), 404, "There is nothing here")
	}
	manager.done("grant", manager.post("/admin/grant", "group", "managers", "permission", "post.edit"))
	manager.done("save with post.edit", manager.post("/posts/2/edit", "title", "Corrected", "body", "Text"))
	manager.want("the author stays", manager.get("/posts/2"), 200, "Corrected", "Example editor")
	manager.want("a refused save changes nothing", manager.get("/posts/1"), 200, "Welcome")
}

func TestLogout(t *testing.T) {
	b := newSite(t).as("editor", "editpass")
	b.want("logout by a link", b.get("/logout"), http.StatusMethodNotAllowed)
	b.want("still in", b.get("/me"), 200)
	b.done("logout", b.post("/logout"))
	b.done("out", b.get("/me"))
}

func TestTheLastManagerStays(t *testing.T) {
	manager := newSite(t).as("manager", "managepass")
	for path, form := range map[string][]string{
		"/admin/deassign": {"user", "manager", "group", "managers"},
		"/admin/disable":  {"user", "manager"},
		"/admin/revoke":   {"group", "managers", "permission", "manage"},
	} {
		manager.want(path, manager.post(path, form...), http.StatusConflict, "This would leave nobody with the permission manage.")
	}
	manager.want("still a manager", manager.get("/admin"), 200)
}

func TestEveryRouteHasItsRule(t *testing.T) {
	want := strings.Split(strings.TrimSpace(`
GET /{$}: public
GET /posts/{id}: public
GET /posts/new: has_permission("post.write")
POST /posts/new: has_permission("post.write")
GET /posts/{id}/edit: has_permission("post.edit") or the author
POST /posts/{id}/edit: has_permission("post.edit") or the author
GET /me: not_anonymous()
POST /me/tickets: not_anonymous()
POST /me/password: not_anonymous()
/admin: has_permission("manage")
/admin/: has_permission("manage")
/login: public
/logout: public
GET /style.css: public`), "\n")
	mux, _ := newBlog(openSamples(t), &memoryPosts{}).routes()
	for i, r := range mux.Routes() {
		if got := r.Pattern + ": " + r.Rule; i >= len(want) || got != want[i] {
			t.Errorf("route %s is not as agreed", got)
		}
	}
	if len(mux.Routes()) != len(want) {
		t.Errorf("%d routes, want %d", len(mux.Routes()), len(want))
	}
}

func TestNoWayAroundTheGuard(t *testing.T) {
	s := newSite(t)
	editor := s.as("editor", "editpass")
	for _, path := range []string{
		"/admin", "/admin/", "/admin?", "/admin/log", "/admin/log/", "/admin%2flog", "/%61dmin/log", "/admin%2e/log", "/ADMIN/log",
		"//admin/log", "/./admin/log", "/posts/../admin/log", "/posts/%2e%2e/admin/log", "/posts/1/..;/admin/log", "/admin;x/log",
		`/posts/..%5cadmin/log`, "/style.css/../admin/log", "/admin/%2e", "/me/../admin", "/admin%00", "/admin/groups%2f",
	} {
		for _, b := range []*browser{s.browser(), editor} {
			for _, method := range []string{"GET", "POST", "HEAD", "PUT", "get", "TRACE"} {
				a := b.do(method, path, nil)
				if a.status < 300 || strings.Contains(a.text, "Change log") {
					t.Errorf("%s %s: %d\n%s", method, path, a.status, a.text)
				}
			}
		}
	}
}

func TestForeignSitesCannotPost(t *testing.T) {
	s := newSite(t)
	manager := s.as("manager", "managepass")
	for _, header := range []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"} {
		r, err := http.NewRequest("POST", s.URL+"/admin/assign", strings.NewReader("user=editor&group=managers"))
		if err != nil {
			t.Fatal(err)
		}
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		manager.want(header, manager.send(r), http.StatusForbidden)
	}
}
