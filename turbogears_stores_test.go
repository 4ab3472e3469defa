package rbac_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/internal/tgcases"
)

// The ancestors' cases hold for users, groups and permissions in a store, too.
func TestTurboGearsCasesThroughStores(t *testing.T) {
	cases := tgcases.Load(t)
	eachStore(t, func(t *testing.T, h *house) {
		for _, c := range cases {
			a := h.open(rbac.Config{})
			token := inhabit(t, h, a, c)
			err := a.Judge(ctx, token, c.Predicate(t))
			if (err == nil) != c.Met() || err != nil && !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("%s: Judge = %v; want met: %v (the ancestor: %s; %s)", c.Source, err, c.Met(), c.Expect, c.Differs)
			}
			var denied *rbac.DeniedError
			if errors.As(err, &denied) && c.Denial() != "" && denied.Message != c.Denial() {
				t.Errorf("%s: message %q; want %q", c.Source, denied.Message, c.Denial())
			}
			evict(t, a)
		}
	})
}

// inhabit makes the world of a case and returns a ticket of its user, or no
// token for an anonymous visitor.
func inhabit(t *testing.T, h *house, a *rbac.Authority, c tgcases.Case) rbac.Token {
	t.Helper()
	groups, permissions := c.Names(t)
	h.do(a, func(tx *rbac.Tx) error {
		for _, g := range append(storable(groups), "all that the case gives") {
			if _, err := tx.AddGroup(rbac.Group{Name: g}); err != nil {
				return err
			}
		}
		for _, p := range storable(permissions) {
			if _, err := tx.AddPermission(rbac.Permission{Name: p}); err != nil {
				return err
			}
		}
		return nil
	})
	if c.Identity == nil {
		return rbac.Token{}
	}
	h.user(a, c.Identity.User, "", append(storable(c.Identity.Groups), "all that the case gives")...)
	for _, p := range c.Identity.Permissions {
		h.do(a, grant("all that the case gives", p))
	}
	return h.issue(a, rbac.Login{User: c.Identity.User})
}

// storable omits names that no store accepts: one case has a group with a blank
// before its name.
func storable(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "" || strings.TrimSpace(n) != n })
}

// evict empties the store for the next case.
func evict(t *testing.T, a *rbac.Authority) {
	t.Helper()
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		for u, err := range tx.Users(rbac.UserQuery{}) {
			if err := errors.Join(err, tx.DeleteUser(u.Name)); err != nil {
				return err
			}
		}
		groups, err1 := tx.Groups()
		permissions, err2 := tx.Permissions()
		errs := []error{err1, err2}
		for _, g := range groups {
			errs = append(errs, tx.DeleteGroup(g.Name))
		}
		for _, p := range permissions {
			errs = append(errs, tx.DeletePermission(p.Name))
		}
		return errors.Join(errs...)
	}))
}

// otherStatus lists, by the source of a case and its path, the reasons for a
// status that differs from the ancestor's.
var otherStatus = map[string]string{
	"402 /":                    "a denial handler of the host's own chose 402; here it may, too (Config.Denied), but the case is about the built-in answer",
	"200 /logout":              "a denial handler turned a denial into 200: whatever a handler writes, the guarded page is not served, and the built-in answer is 401",
	"401 /in_admin_group":      "who is logged in and not allowed gets 403 with the reason; another login page would not help",
	"401 /has_boss_permission": "who is logged in and not allowed gets 403 with the reason; another login page would not help",
}

// The ancestors' requests are answered with the ancestors' status, over a real
// listener, and only allowed users get the guarded page.
func TestTurboGearsCasesOverHTTP(t *testing.T) {
	used := map[string]bool{}
	cases := tgcases.Load(t)
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		for _, c := range cases {
			if c.HTTP == nil {
				continue
			}
			token := inhabit(t, h, a, c)
			guard := httpguard.New(a, httpguard.Config{Insecure: true})
			mux := guard.NewMux()
			mux.Handle(c.HTTP.Path, c.Predicate(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "guarded") }))
			status, body := get(t, guard.Handler(mux), c.HTTP.Path, token)
			var want int
			switch {
			case c.Met():
				want = http.StatusOK
			case c.Identity == nil:
				want = http.StatusUnauthorized
			default:
				want = http.StatusForbidden
			}
			if want != c.HTTP.Status {
				key := fmt.Sprint(c.HTTP.Status, " ", c.HTTP.Path)
				used[key] = true
				if otherStatus[key] == "" {
					t.Errorf("%s: the ancestor answers %s with %d, we with %d, and nobody said why (%q)", c.Source, c.HTTP.Path, c.HTTP.Status, want, key)
				}
			}
			if status != want || (body == "guarded") != c.Met() || c.Denial() != "" && !strings.Contains(body, c.Denial()) {
				t.Errorf("%s: GET %s answered %d %q; want %d", c.Source, c.HTTP.Path, status, body, want)
			}
			evict(t, a)
		}
	})
	for key := range otherStatus {
		if !used[key] {
			t.Errorf("%q: a difference that no case shows", key)
		}
	}
}

// get sends a request as an API client and returns the status and the body of
// the answer.
func get(t *testing.T, h http.Handler, path string, token rbac.Token) (int, string) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	r, err := http.NewRequest("GET", server.URL+path, nil)
	must(t, err)
	r.Header.Set("Accept", "application/json")
	if !token.IsZero() {
		r.Header.Set("Authorization", "Bearer "+token.Secret())
	}
	resp, err := server.Client().Do(r)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, string(body)
}
