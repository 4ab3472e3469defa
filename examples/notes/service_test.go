package main

import (
	"errors"
	"io/fs"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbactest"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// The users of the tests. The catalogue grants the permissions.
const people = `
	group readers:
	group writers:
	group leads:
	group root: *
	user amy: root
	user bob: writers@org:1
	user cleo: readers@org:1 writers@org:2
	user lea: leads@org:1
	user eve:
`

func TestWhoGetsWhere(t *testing.T) {
	auth := rbactest.World(t, people)
	if err := auth.Declare(t.Context(), catalogue); err != nil {
		t.Fatal(err)
	}
	service, mux, err := newService(auth, newGuard(auth, "https://notes.example.com"), &notes{})
	if err != nil {
		t.Fatal(err)
	}
	rbactest.Matrix(t, service, auth, `
		                     -    eve  lea  cleo bob  amy
		GET  /login          200  200  200  200  200  200
		GET  /logout         405  405  405  405  405  405
		GET  /password       404  404  404  404  404  404
		GET  /readyz         200  200  200  200  200  200
		GET  /orgs/1/notes   401  403  403  200  200  200
		POST /orgs/1/notes   401  403  403  403  400  400
		GET  /orgs/2/notes   401  403  403  200  403  200
		POST /orgs/2/notes   401  403  403  400  403  400
		GET  /admin/         401  403  200  403  403  200
	`, mux.Routes()...)
}

// An argument that is no command is an error, and opens no store.
func TestUnknownCommand(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, err := run(t.Context(), []string{"admni"}); code != 2 || err != nil {
		t.Errorf("%d, %v", code, err)
	}
	if files, err := os.ReadDir("."); len(files) > 0 || err != nil {
		t.Errorf("the folder has %v, %v", files, err)
	}
}

// Help needs no store, and makes none. Links have the address of the service.
func TestHelpAndLinks(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range []string{"admin", "admin --help", "admin user add --help"} {
		if code, err := run(t.Context(), strings.Fields(args)); code != 0 || err != nil {
			t.Errorf("%s: %d %v", args, code, err)
		}
	}
	if files, err := os.ReadDir("."); len(files) > 0 || err != nil {
		t.Errorf("the folder has %v, %v", files, err)
	}
	if code, err := run(t.Context(), strings.Fields("admin init --admin amy")); code != 0 || err != nil {
		t.Errorf("init prints no link without --url: %d %v", code, err)
	}
}

// A verb in a wrong folder is an error, and makes no store.
func TestVerbsMakeNoStore(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range []string{"admin user list", "admin user add init", "admin backup copy.db"} {
		code, err := run(t.Context(), strings.Fields(args))
		if code != 69 || !errors.Is(err, rbac.ErrUnavailable) || !strings.Contains(err.Error(), `"notes admin init" makes the store`) {
			t.Errorf("%s: %d %v", args, code, err)
		}
		for _, name := range []string{"notes.db", "copy.db"} {
			if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s has made %s", args, name)
			}
		}
	}
	for _, args := range []string{"admin init", "admin user list", "admin backup copy.db"} {
		if code, err := run(t.Context(), strings.Fields(args)); code != 0 || err != nil {
			t.Errorf("%s: %d %v", args, code, err)
		}
	}
}

// The last administrator cannot be removed.
func TestLastAdministrator(t *testing.T) {
	auth, err := rbac.Open(t.Context(), memorystore.New(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer auth.Close()
	err = auth.Update(t.Context(), func(tx *rbac.Tx) error {
		_, err1 := tx.AddUser(rbac.User{Name: "amy"})
		_, err2 := tx.AddGroup(rbac.Group{Name: "admins"})
		_, err3 := tx.AddPermission(rbac.Permission{Name: "rbac.administer"})
		if errors.Is(err3, rbac.ErrExists) {
			err3 = nil
		}
		return errors.Join(err1, err2, err3, tx.GrantPermission(rbac.Grant{Group: "admins", Permission: "rbac.administer"}),
			tx.AssignUser(rbac.Membership{User: "amy", Group: "admins"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = auth.Update(t.Context(), func(tx *rbac.Tx) error { return tx.DeleteUser("amy") })
	if !errors.Is(err, rbac.ErrProtected) {
		t.Errorf("the last administrator is removed: %v", err)
	}
}

// The console signs people out, and the cookie has the name of the service.
func TestConsoleSignsOut(t *testing.T) {
	auth := rbactest.World(t, people)
	service, _, err := newService(auth, newGuard(auth, "https://notes.example.com"), &notes{})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	service.ServeHTTP(w, rbactest.As(t, auth, "amy", httptest.NewRequest("GET", "/admin/", nil)))
	if !strings.Contains(w.Body.String(), `action="/logout"`) {
		t.Errorf("the console has no button: %d", w.Code)
	}
}

func TestNotesHaveTheirAuthor(t *testing.T) {
	auth := rbactest.World(t, people)
	if err := auth.Declare(t.Context(), catalogue); err != nil {
		t.Fatal(err)
	}
	service, _, err := newService(auth, newGuard(auth, "https://notes.example.com"), &notes{})
	if err != nil {
		t.Fatal(err)
	}
	post := httptest.NewRequest("POST", "/orgs/1/notes", strings.NewReader(`{"text": "hello", "author": "amy"}`))
	service.ServeHTTP(httptest.NewRecorder(), rbactest.As(t, auth, "bob", post))

	w := httptest.NewRecorder()
	service.ServeHTTP(w, rbactest.As(t, auth, "cleo", httptest.NewRequest("GET", "/orgs/1/notes", nil)))
	if got := strings.TrimSpace(w.Body.String()); got != `[{"author":"bob","text":"hello"}]` {
		t.Errorf("cleo reads %s", got)
	}
}
