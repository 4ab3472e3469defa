package main

import (
	"regexp"
	"strings"
	"testing"
)

func TestFormsSayWhatIsWrongAndKeepWhatWasTyped(t *testing.T) {
	s := newSite(t)
	manager := s.as("manager", "managepass")
	manager.Done("assign", manager.Post("/admin/assign", "user", "manager", "group", "editors"))
	for _, c := range []struct {
		what, path string
		form       []string
		status     int
		alert      string
		kept       string
	}{
		{"name taken", "/admin/users", []string{"name", "Editor", "display_name", "Ed", "password", "long enough"}, 409, `The user "Editor" already exists.`, `value="Ed"`},
		{"no name", "/admin/users", []string{"name", "", "display_name", "Ed", "password", "long enough"}, 422, "This name cannot be used: empty.", `value="Ed"`},
		{"short password", "/admin/users", []string{"name", "ada", "password", "short"}, 422, "This password cannot be used: shorter than 8 characters.", `value="ada"`},
		{"assigned already", "/admin/assign", []string{"user", "manager", "group", "editors"}, 409, "already", ""},
		{"unknown group", "/admin/assign", []string{"user", "manager", "group", "x"}, 404, `There is no group "x".`, ""},
		{"unknown permission", "/admin/grant", []string{"group", "editors", "permission", "x"}, 404, `There is no permission "x".`, ""},
		{"nothing to revoke", "/admin/revoke", []string{"group", "editors", "permission", "manage"}, 404, "There is no grant", ""},
		{"wrong old password", "/me/password", []string{"old", "wrong", "new", "long enough"}, 422, "The old password is not right.", ""},
		{"short new password", "/me/password", []string{"old", "managepass", "new", "short"}, 422, "shorter than 8 characters", ""},
		{"no such ticket", "/me/tickets", []string{"id", "x"}, 404, "There is no ticket", ""},
		{"post without title", "/posts/new", []string{"title", " ", "body", "What I wrote"}, 422, "The post needs a title.", "What I wrote"},
		{"post without text", "/posts/new", []string{"title", "A title", "body", ""}, 422, "The post has no text.", `value="A title"`},
		{"title too long", "/posts/new", []string{"title", strings.Repeat("x", 201), "body", "y"}, 422, "The title is too long.", "xxx"},
	} {
		a := manager.Post(c.path, c.form...)
		manager.Want(c.what, a, c.status, c.alert)
		if !strings.Contains(a.Body, `role="alert"`) || !strings.Contains(a.Body, c.kept) {
			t.Errorf("%s: no alert, or what was typed is lost:\n%s", c.what, a.Body)
		}
	}
}

func TestNewUsersCanSignInAtOnce(t *testing.T) {
	s := newSite(t)
	manager := s.as("manager", "managepass")
	manager.Done("create", manager.Post("/admin/users", "name", "张三", "display_name", "Zhang San", "password", "一二三四五六七八"))
	manager.Want("list", manager.Get("/admin?search=zhang"), 200, "张三", "Zhang San", "in no group")
	s.as("张三", "一二三四五六七八").Get("/me")
}

func TestInputOfOthersIsShownAsText(t *testing.T) {
	const evil = `<script>alert("x")</script>`
	s := newSite(t)
	manager := s.as("manager", "managepass")
	manager.Done("assign", manager.Post("/admin/assign", "user", "manager", "group", "editors"))
	manager.Done("create", manager.Post("/admin/users", "name", "ada", "display_name", evil, "password", "long enough"))
	manager.Done("post", manager.Post("/posts/new", "title", evil, "body", evil))
	for _, path := range []string{"/", "/posts/2", "/posts/2/edit", "/admin", "/admin?search=" + "%22%3E%3Cscript%3E", "/admin/log"} {
		if a := manager.Get(path); a.Status != 200 || strings.Contains(a.Body, "<script") {
			t.Errorf("%s: %d, or a script on the page", path, a.Status)
		}
	}
	manager.Want("post", manager.Get("/posts/2"), 200, evil)
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
	manager.Done("assign", manager.Post("/admin/assign", "user", "editor", "group", "editors"))
	manager.Done("disable", manager.Post("/admin/disable", "user", "editor"))
	a := manager.Get("/admin/log")
	text := strings.Join(strings.Fields(a.Text), " ")
	for _, want := range []string{
		"manager verified ModifyUser editor",
		"disabled true",
		"manager verified AssignUser editor · editors",
		"blog AddUser editor",
		"first start",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not tell %q:\n%s", want, text)
		}
	}
	if strings.Contains(a.Body, "argon2id") {
		t.Error("the log shows a password hash")
	}
}
