package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

func TestFormsSayWhatIsWrongAndKeepWhatWasTyped(t *testing.T) {
	s := newSite(t)
	manager := s.as("manager", "managepass")
	manager.Done("assign", change(manager, "assign", "user", "manager", "group", "editors"))
	seen := seenOn(t, manager.Get("/desks/news"))
	for _, c := range []struct {
		what, path string
		form       []string
		status     int
		alert      string
		kept       string
	}{
		{"unknown user", "/desks/news", []string{"do", "assign", "user", "nobody", "seen", seen}, 404, `There is no user "nobody".`, `value="nobody"`},
		{"no name", "/desks/news", []string{"do", "assign", "user", "", "until", "2036-01-31", "seen", seen}, 422, "This name cannot be used", `value="2036-01-31"`},
		{"no such day", "/desks/news", []string{"do", "assign", "user", "editor", "until", "soon", "seen", seen}, 422, "", `value="editor"`},
		{"no revision", "/desks/news", []string{"do", "assign", "user", "editor", "seen", "x"}, 422, "", `value="editor"`},
		{"no such change", "/desks/news", []string{"do", "x", "user", "editor", "seen", seen}, 422, "", `value="editor"`},
		{"assigned already", "/desks/news", []string{"do", "assign", "user", "tomas", "seen", seen}, 409, "already", `value="tomas"`},
		{"no member", "/desks/news", []string{"do", "deassign", "user", "olena", "seen", seen}, 404, "There is no membership", ""},
		{"wrong old password", "/me/password", []string{"old", "wrong", "new", "long enough"}, 422, "The old password is not right.", ""},
		{"short new password", "/me/password", []string{"old", "managepass", "new", "short"}, 422, "shorter than 8 characters", ""},
		{"no such ticket", "/me/tickets", []string{"id", "x"}, 404, "There is no ticket", ""},
		{"post without title", "/posts/new", []string{"title", " ", "body", "What I wrote"}, 422, "The post needs a title.", "What I wrote"},
		{"post without text", "/posts/new", []string{"title", "A title", "body", ""}, 422, "The post has no text.", `value="A title"`},
		{"no such desk", "/posts/new", []string{"title", "A title", "body", "y", "desk", "x"}, 422, "There is no such desk.", `value="A title"`},
		{"title too long", "/posts/new", []string{"title", strings.Repeat("x", 201), "body", "y"}, 422, "The title is too long.", "xxx"},
	} {
		a := manager.Post(c.path, c.form...)
		manager.Want(c.what, a, c.status, c.alert)
		if !strings.Contains(a.Body, `role="alert"`) || !strings.Contains(a.Body, c.kept) {
			t.Errorf("%s: no alert, or what was typed is lost:\n%s", c.what, a.Body)
		}
	}
}

// A new user chooses a password with the link of the console, and signs in.
func TestNewUsersCanSignInAtOnce(t *testing.T) {
	s := newSite(t)
	manager := s.as("manager", "managepass")
	a := manager.Post("/admin/new-user", "name", "张三", "display_name", "Zhang San")
	m := regexp.MustCompile(`\Q` + s.URL + `\E/password\?link=([\w-]+)`).FindStringSubmatch(a.Text + a.Body)
	if m == nil {
		t.Fatalf("no invitation: %d\n%s", a.Status, a.Text)
	}
	manager.Want("list", manager.Get("/admin/users?q=zhang+san"), 200, "张三", "Zhang San", "1 user")
	const password = "一二三四五六七八"
	b := s.browser()
	b.Want("the page", b.Get("/password?link="+m[1]), 200, "At least 8 characters.")
	b.Done("password", b.Post("/password", "link", m[1], "password", password, "repeat", password))
	b = s.as("张三", password)
	b.Want("the account", b.Get("/me"), 200, "You are 张三, in no group", "At least 8 characters.")
}

func TestInputOfOthersIsShownAsText(t *testing.T) {
	const evil = `<script>alert("x")</script>`
	s := newSite(t)
	manager := s.as("manager", "managepass")
	manager.Done("assign", change(manager, "assign", "user", "manager", "group", "editors"))
	s.update(t, func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "ada", DisplayName: evil})
		return errors.Join(err, tx.AssignUser(rbac.Membership{User: "ada", Group: subeditors, Scope: "desk:news", Note: evil}))
	})
	manager.Done("post", manager.Post("/posts/new", "title", evil, "body", evil))
	for _, path := range []string{"/", "/posts/2", "/posts/2/edit", "/desks/news", "/admin/users?q=%22%3E%3Cscript%3E", "/admin/changes"} {
		if a := manager.Get(path); a.Status != 200 || strings.Contains(a.Body, "<script>") {
			t.Errorf("%s: %d, or a script on the page", path, a.Status)
		}
	}
	manager.Want("post", manager.Get("/posts/2"), 200, evil)
	manager.Want("desk", manager.Get("/desks/news"), 200, evil)
	manager.Want("effect", manager.Post("/desks/news", "do", "deassign", "user", "ada", "until", `"><script>`, "seen", seenOn(t, manager.Get("/desks/news"))), 422, evil)
}

func TestEveryAnswerForbidsScripts(t *testing.T) {
	s := newSite(t)
	editor := s.as("editor", "editpass")
	for _, path := range []string{"/", "/login", "/me", "/posts/new", "/nowhere", "/style.css", "/admin%2f"} {
		csp := editor.Get(path).Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
	}
}

var ticketID = regexp.MustCompile(`name="id" value="([^"]+)"`)

func TestUsersEndTheirOwnTicketsOnly(t *testing.T) {
	s := newSite(t)
	first, second, manager := s.as("editor", "editpass"), s.as("editor", "editpass"), s.as("manager", "managepass")
	ids := ticketID.FindAllStringSubmatch(first.Get("/me").Body, -1)
	if len(ids) != 2 {
		t.Fatalf("/me lists %d tickets, want 2", len(ids))
	}
	manager.Want("another's ticket", manager.Post("/me/tickets", "id", ids[0][1]), 404)
	second.Want("it lives", second.Get("/me"), 200, "this browser")
	first.Done("end the newest", first.Post("/me/tickets", "id", ids[0][1]))
	second.Done("it is ended", second.Get("/me"))
	first.Want("the other one is not", first.Get("/me"), 200)
}

func TestUsersSeeTheirOwnSignIns(t *testing.T) {
	s := newSite(t)
	for range 2 {
		b := s.browser()
		b.Want("wrong", b.Post("/login", "user", "editor", "password", "wrong"), 401)
	}
	editor, manager := s.as("editor", "editpass"), s.as("manager", "managepass")
	editor.Want("wrong old password", editor.Post("/me/password", "old", "wrong", "new", "long enough"), 422)
	editor.Want("the list", editor.Get("/me"), 200, "Your recent sign-ins", "Signed in", "Wrong password", "2 times since", "from 127.0.0.1", "Wrong password, to change it")
	if page := manager.Get("/me").Text; strings.Contains(page, "Wrong password") {
		t.Errorf("the manager sees the sign-ins of the editor: %s", page)
	}
}

func TestNewPasswordSignsOutEverywhereElse(t *testing.T) {
	s := newSite(t)
	here, there := s.as("editor", "editpass"), s.as("editor", "editpass")
	a := here.Post("/me/password", "old", "editpass", "new", "a longer password")
	here.Done("change", a)
	here.Want("here", here.Get(a.Location), 200, "Your password is changed")
	there.Done("elsewhere", there.Get("/me"))
	s.as("editor", "a longer password")
}

func TestChangeLogTellsWhoDidWhat(t *testing.T) {
	manager := newSite(t).as("manager", "managepass")
	manager.Done("assign", change(manager, "assign", "user", "editor", "group", "editors"))
	manager.Done("disable", change(manager, "disable", "user", "editor"))
	manager.Want("of the manager", manager.Get("/admin/changes?actor=manager"), 200, "manager disabled editor", "manager gave editors to editor")
	a := manager.Get("/admin/changes?subject=editor")
	manager.Want("of the program", a, 200, "blog added the user editor", "first start")
	if strings.Contains(a.Body, "argon2id") {
		t.Error("the log shows a password hash")
	}
}
