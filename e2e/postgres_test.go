package e2e

import (
	"testing"
	"time"

	"github.com/rbac-go/rbac/internal/postgrestest"
)

// TestTwoBlogsOnOnePostgreSQL: two processes on one server are one service. The manager is at the one, the editor at
// the other, and what the former does the latter finds at once, with the ticket that any of them has given out.
func TestTwoBlogsOnOnePostgreSQL(t *testing.T) {
	dsn := postgrestest.InSchema(t)
	here, there := startApp(t, "blog", "-db", dsn), startApp(t, "blog", "-db", dsn)
	manager, editor := here.as("manager", "managepass"), there.as("editor", "editpass")
	editor.open("/posts/new")
	editor.got(403)
	assign(manager, "editor", "editors")
	editor.waitsFor("/posts/new", 200)
	editor.fill("Title", "From elsewhere")
	editor.fill("Text", "Written at the other process.")
	editor.click("Save")
	editor.isAt("/posts/2")
	manager.open("/")
	manager.finds("From elsewhere")

	editor.app = here // a balancer sends the browser to the other process; cookies do not tell ports apart
	editor.open("/me")
	editor.got(200)
	editor.finds("editor", "Sign out")
	editor.app = there
	editor.open("/posts/new")
	editor.got(200)

	manager.open("/admin")
	manager.picture("postgres-admin")
	manager.click("Remove editor from editors")
	editor.waitsFor("/posts/new", 403)
	editor.sees("Needs post.write")
	editor.picture("postgres-denied")

	manager.open("/admin")
	manager.click("Disable editor")
	manager.sees("disabled")
	editor.waitsFor("/me", 200) // the login page, which is where the way leads then
	editor.isAt("/login?came_from=%2Fme")
}

// waitsFor opens a page until it is answered with a status: a process learns what another one has changed a moment later.
func (u *user) waitsFor(path string, status int) {
	u.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if u.open(path); u.status == status {
			return
		}
		if time.Now().After(deadline) {
			u.t.Fatalf("%s still got status %d for %s, want %d", u.name, u.status, path, status)
		}
	}
}
