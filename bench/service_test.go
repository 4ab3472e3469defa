package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func silent(string, ...any) {}

// Every service refuses users without the permission, requests without a cookie
// and changed cookies. The table says which services refuse a revoked right and
// a copied cookie.
func TestServicesAreGuarded(t *testing.T) {
	rows, err := compareServices(services, 50*time.Millisecond, silent)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		wantRevoke := !row.open && row.name != "scs and casbin, cached"
		wantLogout := !row.open && row.name != gorillaService
		if row.revokeSeen != wantRevoke || row.logoutSeen != wantLogout {
			t.Errorf("%s refuses a revoked right: %v, want %v; a copied cookie: %v, want %v", row.name, row.revokeSeen, wantRevoke, row.logoutSeen, wantLogout)
		}
		if len(row.samples) < leastRounds || median(row.samples) <= 0 {
			t.Errorf("%s: samples %v", row.name, row.samples)
		}
	}
}

// A service that refuses everybody, fails, guards nothing or serves another
// page ends the run with an error. The error names the fault.
func TestBrokenServicesEndTheRun(t *testing.T) {
	answer := func(status int) func(http.Handler) http.Handler {
		return func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "0123456789"})
				if r.Method == http.MethodGet {
					w.WriteHeader(status)
				}
			})
		}
	}
	for name, c := range map[string]struct {
		broken func(http.Handler) http.Handler
		want   string
	}{
		"refuses everybody": {answer(http.StatusForbidden), "served is false, want true"},
		"fails":             {answer(http.StatusInternalServerError), "500"},
		"another page":      {answer(http.StatusOK), `is ""`},
		"no login":          {func(http.Handler) http.Handler { return http.HandlerFunc(servePage) }, "0 cookies"},
		"no guard": {func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "0123456789"})
				servePage(w, r)
			})
		}, "who lacks the permission: served is true"},
		"no session": {func(next http.Handler) http.Handler { return withoutSession(next) }, "without a cookie: served is true"},
		"any cookie": {anyCookie, "a changed cookie of"},
		"fails later": {func(next http.Handler) http.Handler {
			var served atomic.Int64
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if served.Add(1) > 1000 {
					http.Error(w, "too many", http.StatusServiceUnavailable)
					return
				}
				next.ServeHTTP(w, r)
			})
		}, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			load := func(w *world, pages []string) (*site, error) {
				s, err := loadGorilla(w, pages)
				if err == nil {
					s.Handler = c.broken(s.Handler)
				}
				return s, err
			}
			_, err := compareServices([]service{{name: name, load: load}}, time.Second, silent)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// withoutSession serves requests without a cookie as some user.
func withoutSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.Header.Get("Cookie") == "" {
			servePage(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// anyCookie serves the page for every cookie that the site refuses with 401.
func anyCookie(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		if recorded.Code == http.StatusUnauthorized && r.Header.Get("Cookie") != "" {
			servePage(w, r)
			return
		}
		for name, values := range recorded.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(recorded.Body.Bytes())
	})
}

// A changed cookie differs from the original in one character of each value.
func TestForged(t *testing.T) {
	for cookie, want := range map[string]string{"a=12345": "a=12A45", "a=12A45; bc=x": "a=12B45; bc=A"} {
		if got := forged(cookie); got != want {
			t.Errorf("forged(%q) = %q, want %q", cookie, got, want)
		}
	}
}
