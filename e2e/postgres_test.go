package e2e

import (
	"testing"
	"time"

	"github.com/rbac-go/rbac/internal/postgrestest"
)

// Two processes on one server are one service. The manager uses one process,
// and the editor the other. Each process soon follows the changes of the other,
// and accepts the tickets of the other.
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

	editor.app = here // as by a load balancer; cookies do not tell ports apart
	editor.open("/me")
	editor.got(200)
	editor.finds("editor", "Sign out")
	editor.app = there
	editor.open("/posts/new")
	editor.got(200)

	manager.open("/admin/user?name=editor")
	manager.picture("postgres-admin")
	manager.click("Take editors away")
	editor.waitsFor("/posts/new", 403)
	editor.sees("Needs post.write")
	editor.picture("postgres-denied")

	manager.click("Disable")
	manager.sees("manager disabled editor")
	editor.waitsFor("/me", 200) // the status of the login page, after a redirect
	editor.isAt("/login?came_from=%2Fme")
}

// waitsFor opens a page until the page is answered with the status. A process
// learns of changes in another process a moment later.
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
