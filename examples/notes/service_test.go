package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/rbactest"
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
	service, mux, err := newService(auth, "https://notes.example.com", &notes{})
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

func TestNotesHaveTheirAuthor(t *testing.T) {
	auth := rbactest.World(t, people)
	if err := auth.Declare(t.Context(), catalogue); err != nil {
		t.Fatal(err)
	}
	service, _, err := newService(auth, "https://notes.example.com", &notes{})
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
