package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	memorystore "github.com/rbac-go/rbac/store_memory"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// openSamples opens an Authority in memory, as after a first start.
func openSamples(t *testing.T) *rbac.Authority {
	t.Helper()
	a, err := rbac.Open(t.Context(), memorystore.New(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	if err := prepare(t.Context(), a, &memoryPosts{}); err != nil {
		t.Fatal(err)
	}
	return a
}

// The first start creates the names, texts and relations of the TurboGears
// quickstart, and the group editors.
func TestFirstStart(t *testing.T) {
	err := openSamples(t).View(t.Context(), func(tx *rbac.Tx) error {
		manager, err1 := tx.User("manager")
		editor, err2 := tx.User("editor")
		managers, err3 := tx.Group("managers")
		manage, err4 := tx.Permission("manage")
		for _, c := range []struct{ got, want string }{
			{manager.DisplayName, "Example manager"},
			{editor.DisplayName, "Example editor"},
			{managers.DisplayName, "Managers Group"},
			{manage.Description, "This permission gives an administrative right"},
			{groupsOf(t, tx, "manager"), "managers"},
			{groupsOf(t, tx, "editor"), ""},
			{permissionsOf(t, tx, "managers"), "manage"},
			{permissionsOf(t, tx, "editors"), "post.write"},
			{groupsOf(t, tx, "amara"), "editors heads"},
		} {
			if c.got != c.want {
				t.Errorf("%q, want %q", c.got, c.want)
			}
		}
		return errors.Join(err1, err2, err3, err4)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func groupsOf(t *testing.T, tx *rbac.Tx, user string) string {
	memberships, err := tx.AssignedGroups(user)
	if err != nil {
		t.Error(err)
	}
	var names []string
	for _, m := range memberships {
		names = append(names, m.Group)
	}
	return strings.Join(names, " ")
}

func permissionsOf(t *testing.T, tx *rbac.Tx, group string) string {
	permissions, err := tx.GroupPermissions(group)
	if err != nil {
		t.Error(err)
	}
	var names []string
	for _, p := range permissions {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

func TestRestartRestoresNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blog.db")
	first := serveFile(t, path)
	manager := first.as("manager", "managepass")
	manager.Done("password", manager.Post("/me/password", "old", "managepass", "new", "a better password"))
	manager.Done("revoke", change(manager, "revoke", "group", "editors", "permission", "post.write"))
	manager.Done("assign", change(manager, "assign", "user", "manager", "group", "editors"))
	manager.Done("disable", change(manager, "disable", "user", "editor"))
	first.Close()

	second := serveFile(t, path)
	if a := second.browser().Post("/login", "user", "manager", "password", "managepass"); a.Status != 401 {
		t.Errorf("the old password of manager is back: %d", a.Status)
	}
	if a := second.browser().Post("/login", "user", "editor", "password", "editpass"); a.Status != 401 {
		t.Errorf("the disabled editor is back: %d", a.Status)
	}
	manager = second.as("manager", "a better password")
	manager.Want("the revoked grant is not back", manager.Get("/posts/new"), 403, "needs post.write, which no group gives")
	if home := manager.Get("/").Text; strings.Count(home, "Everybody can read this") != 1 {
		t.Errorf("there is not one welcome post:\n%s", home)
	}
}

// serveFile starts a blog on a database file.
func serveFile(t *testing.T, path string) *site {
	t.Helper()
	store, posts, err := openStore(t.Context(), path, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := posts.(sqlitePosts); !ok {
		t.Skip("built without cgo: there is no file to come back to")
	}
	t.Cleanup(func() { store.Close() })
	return serveSite(t, store, posts)
}

func TestPostsOnEachStore(t *testing.T) {
	for name, start := range map[string]func(*testing.T) *site{
		"memory": newSite,
		"sqlite": func(t *testing.T) *site { return serveFile(t, filepath.Join(t.TempDir(), "blog.db")) },
		"postgres": func(t *testing.T) *site {
			store, err := postgresstore.Open(t.Context(), postgrestest.InSchema(t), postgresstore.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { store.Close() })
			return serveSite(t, store, postgresPosts{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t).as("manager", "managepass")
			b.Done("assign", change(b, "assign", "user", "manager", "group", "editors"))
			b.Done("add", b.Post("/posts/new", "title", "Second", "body", "One\nTwo", "desk", "sport"))
			b.Done("change", b.Post("/posts/2/edit", "title", "Changed", "body", "Three", "desk", "news"))
			b.Want("read", b.Get("/posts/2"), 200, "Changed", "Three", "Example manager · Sport")
			home := b.Get("/")
			b.Want("home", home, 200, "Changed", "Welcome")
			if strings.Index(home.Text, "Changed") > strings.Index(home.Text, "Everybody") {
				t.Error("the newest post is not the first")
			}
			b.Want("unknown", b.Get("/posts/3"), 404)
		})
	}
}

// Posts of a version that had no desks belong to no desk.
func TestPostsOfAnEarlierVersion(t *testing.T) {
	store, p, err := openStore(t.Context(), filepath.Join(t.TempDir(), "blog.db"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p.(sqlitePosts); !ok {
		t.Skip("built without cgo: there is no file of an earlier version")
	}
	t.Cleanup(func() { store.Close() })
	a, err := rbac.Open(t.Context(), store, config)
	if err != nil {
		t.Fatal(err)
	}
	err = a.Update(t.Context(), func(tx *rbac.Tx) error {
		_, err := database(tx).ExecContext(t.Context(), `
			CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, author TEXT NOT NULL, created TIMESTAMP NOT NULL);
			INSERT INTO posts VALUES (7, 'Old', 'Text', '00000000-0000-0000-0000-000000000001', '2026-01-01')`)
		return err
	})
	if err := errors.Join(err, a.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // also at the second start
		manager := serveSite(t, store, p).as("manager", "managepass")
		manager.Want("the old post", manager.Get("/posts/7"), 200, "Old", "Text", "somebody who left · 1 January 2026")
	}
}

func TestRunUntilInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "blog.db")}, w)
		w.CloseWithError(io.EOF)
		ended <- err
	}()
	var told strings.Builder
	for lines := bufio.NewScanner(r); lines.Scan(); {
		told.WriteString(lines.Text() + "\n")
		if lines.Text() == "" && strings.Contains(told.String(), "ROUTE") { // the end of the table
			interrupt()
		}
	}
	if err := <-ended; err != nil {
		t.Fatalf("interrupted: %v\n%s", err, told.String())
	}
	for _, want := range []string{"Open http://127.0.0.1:", "managepass", "editpass", "headpass", `has_permission("post.write")`} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("%q was not told:\n%s", want, told.String())
		}
	}
}
