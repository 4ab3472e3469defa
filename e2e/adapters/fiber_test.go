package adapters

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

// Values kept from a request do not change, although Fiber overwrites the
// strings of a request with the next request on the connection.
func TestFiberReusesItsBuffers(t *testing.T) {
	a := rbactest.World(t, world)
	addr := serveFiber(t, newGuard(a, httpguard.Config{}))
	c := dial(t, addr)
	want := []string{}
	for i := range 5 {
		agent := fmt.Sprintf("browser number %d", i)
		want = append(want, agent)
		login := `{"user":"bob","password":"bob password 123"}`
		resp, body := c.send("POST /login", "Content-Type: application/json", "User-Agent: "+agent, fmt.Sprint("Content-Length: ", len(login)), "", login)
		if resp.StatusCode != 200 {
			t.Fatalf("the login is answered with %d and %q", resp.StatusCode, body)
		}
	}
	tickets, err := a.Tickets(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ticket := range tickets {
		got = append(got, ticket.UserAgent)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the tickets were made by %q, want %q", got, want)
	}
}

// The subject in a header is a key of the Authority's cache and must not
// change, although Fiber reuses the buffer.
func TestFiberReusesItsBuffersForSubjects(t *testing.T) {
	a := rbactest.World(t, world)
	const users = 200
	err := a.Update(t.Context(), func(tx *rbac.Tx) error {
		for i := range users {
			name := fmt.Sprintf("user%03d", i)
			if _, err := tx.AddUser(rbac.User{Name: name, Subject: "subject " + name}); err != nil {
				return err
			}
			if err := tx.AssignUser(rbac.Membership{User: name, Group: "reader"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	guard := newGuard(a, httpguard.Config{Identify: func(r *http.Request) (*rbac.Identity, error) {
		return a.IdentityBySubject(r.Context(), r.Header.Get("X-Subject"))
	}})
	c := dial(t, serveFiber(t, guard))
	for i := range 10 * users {
		name := fmt.Sprintf("user%03d", i*37%users)
		resp, body := c.send("GET /report/1", "X-Subject: subject "+name)
		if resp.StatusCode != 200 || !strings.HasSuffix(body, "secret for "+name) {
			t.Fatalf("%s is answered with %d and %q", name, resp.StatusCode, body)
		}
	}
}
