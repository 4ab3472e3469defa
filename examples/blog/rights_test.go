package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/webtest"
)

const missing = "needs post.write, which the group editors gives; you are in no group"

func TestAnonymousIsLedBackAfterLogin(t *testing.T) {
	b := newSite(t).browser()
	a := b.Get("/posts/new?draft=1&x=a+b")
	if want := "/login?came_from=%2Fposts%2Fnew%3Fdraft%3D1%26x%3Da%2Bb"; a.Status != http.StatusSeeOther || a.Location != want {
		t.Fatalf("anonymous at a guarded page: %d to %q, want 303 to %q", a.Status, a.Location, want)
	}
	form := b.Get(a.Location)
	b.Want("login page", form, http.StatusOK, "User name", "Password")
	if !strings.Contains(form.Body, `name="came_from" value="/posts/new?draft=1&amp;x=a&#43;b"`) {
		t.Errorf("the login form does not remember the page that was asked for:\n%s", form.Body)
	}
	a = b.Post("/login", "user", "manager", "password", "managepass", "came_from", "/posts/new?draft=1&x=a+b")
	if a.Status != http.StatusSeeOther || a.Location != "/posts/new?draft=1&x=a+b" {
		t.Fatalf("login led to %d %q, not back with the query", a.Status, a.Location)
	}
}

func TestWrongPasswordKeepsTheNameOnly(t *testing.T) {
	b := newSite(t).browser()
	a := b.Post("/login", "user", "editor", "password", "wrong password")
	b.Want("wrong password", a, http.StatusUnauthorized, "user name or password is wrong")
	if !strings.Contains(a.Body, `value="editor"`) || strings.Contains(a.Body, "wrong password") {
		t.Errorf("the form must keep the name and never the password:\n%s", a.Body)
	}
}

func TestDenialSaysWhy(t *testing.T) {
	editor := newSite(t).as("editor", "editpass")
	a := editor.Get("/posts/new")
	editor.Want("editor in no group", a, http.StatusForbidden, missing, "Sign in as someone else")
	if !strings.Contains(a.Body, `href="/login?came_from=%2Fposts%2Fnew">Sign in as someone else`) {
		t.Errorf("no way to sign in as someone else and come back:\n%s", a.Body)
	}
	editor.Want("editor at /admin/", editor.Get("/admin/"), http.StatusForbidden, "needs manage, which the group managers gives; you are in no group")
}

func TestChangesTakeEffectAtTheNextClick(t *testing.T) {
	s := newSite(t)
	manager, editor := s.as("manager", "managepass"), s.as("editor", "editpass")
	for _, step := range []struct {
		what   string
		do     string
		form   []string
		status int
		text   string
	}{
		{"editor in no group", "", nil, 403, missing},
		{"assigned", "assign", []string{"user", "editor", "group", "editors"}, 200, "Write a post"},
		{"revoked", "revoke", []string{"group", "editors", "permission", "post.write"}, 403, "needs post.write, which no group gives; you are in editors"},
		{"granted", "grant", []string{"group", "editors", "permission", "post.write"}, 200, "Write a post"},
		{"deassigned", "deassign", []string{"user", "editor", "group", "editors"}, 403, missing},
		{"disabled", "disable", []string{"user", "editor"}, 303, ""},
		{"enabled: the ticket is gone for good", "enable", []string{"user", "editor"}, 303, ""},
	} {
		if step.do != "" {
			manager.Done(step.what, change(manager, step.do, step.form...))
		}
		editor.Want(step.what, editor.Get("/posts/new"), step.status, step.text)
	}
	s.as("editor", "editpass")
}

func TestMenuShowsWhatOneMayDo(t *testing.T) {
	s := newSite(t)
	links := func(b *webtest.Browser) string {
		a := b.Get("/")
		nav := a.Body[:strings.Index(a.Body, `<main`)]
		var found []string
		for _, href := range []string{"/posts/new", "/admin/", "/desks/culture", "/desks/sport", "/me", "/login"} {
			if strings.Contains(nav, `href="`+href) {
				found = append(found, href)
			}
		}
		return strings.Join(found, " ")
	}
	manager, editor, head := s.as("manager", "managepass"), s.as("editor", "editpass"), s.as("amara", "headpass")
	for who, b := range map[string]*webtest.Browser{
		"/login": s.browser(), "/admin/ /desks/culture /desks/sport /me": manager, "/me": editor, "/posts/new /admin/ /desks/culture /me": head,
	} {
		if got := links(b); got != who {
			t.Errorf("the navigation leads to %q, want %q", got, who)
		}
	}
	manager.Done("assign", change(manager, "assign", "user", "editor", "group", "editors"))
	if got := links(editor); got != "/posts/new /me" {
		t.Errorf("an editor's navigation leads to %q", got)
	}
}

// For every set of permissions, the guard allows the links of the menu and
// nothing else.
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
		has := map[string]bool{}
		for i, p := range permissions {
			has[p.Name] = set&(1<<i) != 0
		}
		for href, should := range map[string]bool{
			"/posts/new": has["post.write"], "/admin/": has["manage"], "/desks/news": has["desk.staff"] || has["manage"],
		} {
			shown := strings.Contains(home.Body, `href="`+href+`"`)
			allowed := s.bearer(href, token.Secret()).Status
			if shown != should || shown != (allowed == http.StatusOK) {
				t.Errorf("permissions %b: the menu shows %s: %v; the guard answers %d", set, href, shown, allowed)
			}
		}
	}
}

func TestPostsBelongToTheirAuthors(t *testing.T) {
	s := newSite(t)
	manager, editor := s.as("manager", "managepass"), s.as("editor", "editpass")
	manager.Done("assign", change(manager, "assign", "user", "editor", "group", "editors"))
	a := editor.Post("/posts/new", "title", "Mine", "body", "Text", "author", "somebody else")
	editor.Done("new post", a)
	if a.Location != "/posts/2" {
		t.Fatalf("a new post leads to %q", a.Location)
	}
	editor.Want("own post", editor.Get("/posts/2"), 200, "Mine", "Example editor", "Edit")
	editor.Want("edit own post", editor.Get("/posts/2/edit"), 200, "Text")
	editor.Done("save own post", editor.Post("/posts/2/edit", "title", "Still mine", "body", "Text"))
	const notAuthor = "needs post.edit, which the groups ombuds, subeditors, heads give, or to have written the post; you are in "
	editor.Want("edit another's post", editor.Get("/posts/1/edit"), 403, notAuthor+"editors")
	editor.Want("save another's post", editor.Post("/posts/1/edit", "title", "Taken", "body", "over"), 403)
	manager.Want("a manager has no right to edit", manager.Get("/posts/2/edit"), 403, notAuthor+"managers")
	for _, path := range []string{"/posts/3/edit", "/posts/0/edit", "/posts/x/edit", "/posts/3"} {
		editor.Want(path+", which is not there", editor.Get(path), 404, "There is nothing here")
	}
	manager.Done("grant", change(manager, "grant", "group", "managers", "permission", "post.edit"))
	manager.Done("save with post.edit", manager.Post("/posts/2/edit", "title", "Corrected", "body", "Text"))
	manager.Want("the author stays", manager.Get("/posts/2"), 200, "Corrected", "Example editor")
	manager.Want("a refused save changes nothing", manager.Get("/posts/1"), 200, "Welcome")
}

func TestLogout(t *testing.T) {
	b := newSite(t).as("editor", "editpass")
	b.Want("logout by a link", b.Get("/logout"), http.StatusMethodNotAllowed)
	b.Want("still in", b.Get("/me"), 200)
	b.Done("logout", b.Post("/logout"))
	b.Done("out", b.Get("/me"))
}

func TestTheLastManagerStays(t *testing.T) {
	manager := newSite(t).as("manager", "managepass")
	for do, form := range map[string][]string{
		"deassign": {"user", "manager", "group", "managers"},
		"disable":  {"user", "manager"},
		"revoke":   {"group", "managers", "permission", "manage"},
	} {
		manager.Want(do, change(manager, do, form...), http.StatusConflict, "manage", "last holder")
	}
	manager.Want("still a manager", manager.Get("/admin/"), 200, "Overview")
}

func TestEveryRouteHasItsRule(t *testing.T) {
	want := strings.Split(strings.TrimSpace(`
GET /{$}: public
GET /posts/{id}: public
GET /posts/new: has_permission("post.write")
POST /posts/new: has_permission("post.write")
GET /posts/{id}/edit: has_permission("post.edit"), in the desk of the post, or the author
POST /posts/{id}/edit: has_permission("post.edit"), in the desk of the post, or the author
GET /desks/{desk}: has_permission("desk.staff"), in the desk, or has_permission("manage")
POST /desks/{desk}: has_permission("desk.staff"), in the desk, or has_permission("manage")
GET /me: not_anonymous()
POST /me/tickets: not_anonymous()
POST /me/password: not_anonymous()
/admin/: not_anonymous()
/login: public
/logout: public
/forgot: public
/password: public
GET /style.css: public`), "\n")
	mux, _ := newBlog(openSamples(t), &memoryPosts{}, "http://127.0.0.1", io.Discard).routes()
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
		"/admin", "/admin/", "/admin?", "/admin/changes", "/admin/changes/", "/admin%2fchanges", "/%61dmin/changes", "/admin%2e/changes",
		"/ADMIN/changes", "//admin/changes", "/./admin/changes", "/posts/../admin/changes", "/posts/%2e%2e/admin/changes",
		"/posts/1/..;/admin/changes", "/admin;x/changes", `/posts/..%5cadmin/changes`, "/style.css/../admin/changes", "/admin/%2e",
		"/me/../admin", "/admin%00", "/admin/groups%2f", "/desks/culture", "/desks/culture/", "/desks/%63ulture", "//desks/culture",
		"/desks/culture;x", "/admin/../desks/culture", "/DESKS/culture", "/desks/nowhere",
	} {
		for _, b := range []*webtest.Browser{s.browser(), editor} {
			for _, method := range []string{"GET", "POST", "HEAD", "PUT", "get", "TRACE"} {
				a := b.Do(method, path, nil)
				if a.Status < 300 || strings.Contains(a.Text, "blog added the user") || strings.Contains(a.Text, "Sub-editors edit") {
					t.Errorf("%s %s: %d\n%s", method, path, a.Status, a.Text)
				}
			}
		}
	}
}

func TestForeignSitesCannotPost(t *testing.T) {
	s := newSite(t)
	manager := s.as("manager", "managepass")
	for _, header := range []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"} {
		r, err := http.NewRequest("POST", s.URL+"/admin/change", strings.NewReader("do=assign&user=editor&group=managers"))
		if err != nil {
			t.Fatal(err)
		}
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		manager.Want(header, manager.Send(r), http.StatusForbidden)
	}
	manager.Want("nothing was done", manager.Get("/admin/user?name=editor"), http.StatusOK, "This user is in no group")
}

// A user who has forgotten the password gets a link in the terminal.
func TestForgottenPassword(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.Want("asking", b.Post("/forgot", "user", "editor"), 200, "If there is such an account")
	m := regexp.MustCompile(`^mail to editor: choose a new password at (\S+)(/password\?link=(\S+))\n$`).FindStringSubmatch(<-s.mails)
	if m == nil || m[1] != s.URL {
		t.Fatalf("the mail is %q", m)
	}
	b.Want("the link", b.Get(m[2]), 200, "For the account of editor.")
	const fresh = "a new password"
	b.Want("the password", b.Post("/password", "link", m[3], "password", fresh, "repeat", fresh), http.StatusSeeOther)
	s.as("editor", fresh)
	b.Want("the link again", b.Get(m[2]), 404)
}
