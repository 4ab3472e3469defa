package rbactest_test

// The code of docs/testing.md; TestCodeInDocumentsIsCompiled in the root compares the two.

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

const team = `
	group editor: post.write post.edit
	group chief > editor: budget       # chief inherits editor
	user amy: editor
	user bob: chief
	user eve:
`

func TestBudgetIsForChiefs(t *testing.T) {
	a := rbactest.World(t, team)
	budget := rbac.HasPermission("budget")
	rbactest.Allow(t, a, "bob", budget)
	rbactest.Deny(t, a, "amy", budget)
	rbactest.Deny(t, a, "", budget) // nobody is logged in
}

type Post struct {
	Title    string
	AuthorID uuid.UUID
}

// canEdit is the rule of the program that the next test is about.
func canEdit(p Post) rbac.Predicate {
	return rbac.Any(rbac.HasPermission("post.edit"), rbac.IsUserID(p.AuthorID))
}

func TestAuthorsEditTheirOwn(t *testing.T) {
	a := rbactest.World(t, team)
	eve, err := a.Identity(t.Context(), "eve")
	if err != nil {
		t.Fatal(err)
	}
	rbactest.Allow(t, a, "eve", canEdit(Post{AuthorID: eve.ID()}))
	rbactest.Deny(t, a, "eve", canEdit(Post{AuthorID: uuid.New()}))
	rbactest.Allow(t, a, "amy", canEdit(Post{AuthorID: uuid.New()}))
}

func TestEditorsOfOneTenant(t *testing.T) {
	a := rbactest.World(t, `
		group editor: post.edit
		user zoe: editor@org:42
	`)
	edit := rbac.HasPermission("post.edit")
	rbactest.Allow(t, a, "zoe", rbac.In("org:42", edit))
	rbactest.Deny(t, a, "zoe", rbac.In("org:7", edit))
	rbactest.Deny(t, a, "zoe", edit)
}

var catalogue = rbac.Catalogue{
	Permissions: []rbac.Permission{{Name: "post.edit", Title: "Edit posts"}, {Name: "post.delete", Title: "Delete posts"}},
	Groups:      []rbac.Group{{Name: "editor"}},
	Grants:      []rbac.Grant{{Group: "editor", Permission: "post.edit"}},
}

func TestWhatTheCatalogueGives(t *testing.T) {
	a := rbactest.World(t, `
		group editor:                # what it may do, the catalogue says
		user amy: editor
	`)
	if err := a.Declare(t.Context(), catalogue); err != nil {
		t.Fatal(err)
	}
	rbactest.Allow(t, a, "amy", rbac.HasPermission("post.edit"))
	rbactest.Deny(t, a, "amy", rbac.HasPermission("post.delete"))
}

// newService is the program's own: what its main function serves.
func newService(a *rbac.Authority) (http.Handler, *httpguard.Mux) {
	g := httpguard.New(a, httpguard.Config{})
	mux := g.NewMux()
	mux.Public("GET /{$}", page("Welcome"))
	mux.Public("/login", g.LoginHandler())
	mux.Handle("POST /posts/{id}", rbac.HasPermission("post.edit"), page("Saved"))
	mux.Handle("GET /budget/", rbac.HasPermission("budget"), page("Budget"))
	return g.Handler(mux), mux
}

func page(title string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s, %s", title, rbac.FromContext(r.Context()).User())
	})
}

func TestWhoGetsWhere(t *testing.T) {
	a := rbactest.World(t, team)
	service, mux := newService(a)
	rbactest.Matrix(t, service, a, `
		               -    eve  amy  bob
		GET  /         200  200  200  200
		GET  /login    200  200  200  200
		POST /posts/1  401  403  200  200
		GET  /budget/  401  403  403  200
	`, mux.Routes()...)
}

var _ = flag.Bool("update", false, "write what is, instead of comparing")

func TestTheBudgetGreetsBob(t *testing.T) {
	a := rbactest.World(t, team)
	service, _ := newService(a)
	r := rbactest.As(t, a, "bob", httptest.NewRequest("GET", "/budget/", nil))
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	if got := w.Body.String(); got != "Budget, bob" {
		t.Errorf("the page says %q", got)
	}
}

func TestLoginForm(t *testing.T) {
	a := rbactest.World(t, team)
	service, _ := newService(a)
	form := url.Values{"user": {"bob"}, "password": {"bob password 123"}}
	r := httptest.NewRequest("POST", "/login", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	if w.Code != http.StatusSeeOther || len(w.Result().Cookies()) != 2 { // the ticket, and the device
		t.Errorf("the login is answered with %d and the cookies %v", w.Code, w.Result().Cookies())
	}
}

func TestRevokedAtOnce(t *testing.T) {
	a := rbactest.World(t, team)
	rbactest.Allow(t, a, "bob", rbac.HasPermission("budget"))
	err := a.Update(rbac.WithActor(t.Context(), "test"), func(tx *rbac.Tx) error {
		return tx.RevokePermission(rbac.Grant{Group: "chief", Permission: "budget"})
	})
	if err != nil {
		t.Fatal(err)
	}
	rbactest.Deny(t, a, "bob", rbac.HasPermission("budget"))
}

func TestRuleAlone(t *testing.T) {
	amy := rbac.NewIdentity("amy", []string{"editor"}, []string{"post.edit"})
	if err := rbac.Check(amy, rbac.HasPermission("post.edit")); err != nil {
		t.Error(err)
	}
}

func TestOnAStoreOfOurOwn(t *testing.T) {
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), sqlitestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	a, err := rbac.Open(t.Context(), store, rbac.Config{Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	rbactest.Fill(t, a, team)
	rbactest.Allow(t, a, "bob", rbac.HasPermission("budget"))
}
