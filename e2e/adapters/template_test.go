package adapters

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

// Each case has a user, and the page for the user.
func TestTemplate(t *testing.T) {
	a := rbactest.World(t, world+`
		user "<b>": reader
	`)
	guard := newGuard(a, httpguard.Config{})
	mux := guard.NewMux()
	mux.Public("/", http.HandlerFunc(servePage))
	h := guard.Handler(mux)
	for user, want := range map[string]string{
		"":      `Sign in`,
		"bob":   `Hello bob`,
		"amy":   `Hello amy <a href="/edit">Edit</a> <a href="/orgs/42/edit">Edit in 42</a>`,
		"zoe":   `Hello zoe <a href="/orgs/42/edit">Edit in 42</a>`,
		`"<b>"`: `Hello &#34;&lt;b&gt;&#34;`,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, rbactest.As(t, a, user, httptest.NewRequest("GET", "/", nil)))
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%q sees %d and %s, want %s", user, w.Code, w.Body, want)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 200 || w.Body.String() != "Sign in" {
		t.Errorf("without a store the page is %d and %s", w.Code, w.Body)
	}
}

// In a world without post.edit the page is a 500 for every user.
func TestTemplateMisspelt(t *testing.T) {
	a := rbactest.World(t, "group reader: report.read\nuser bob: reader")
	guard := newGuard(a, httpguard.Config{})
	mux := guard.NewMux()
	mux.Handle("/", rbac.Any(rbac.IsAnonymous(), rbac.NotAnonymous()), http.HandlerFunc(servePage))
	for _, user := range []string{"", "bob"} {
		w := httptest.NewRecorder()
		guard.Handler(mux).ServeHTTP(w, rbactest.As(t, a, user, httptest.NewRequest("GET", "/", nil)))
		if w.Code != 500 {
			t.Errorf("%q sees %d and %s", user, w.Code, w.Body)
		}
	}
}
