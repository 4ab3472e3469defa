package httpguard

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// TestResponseWriter: the ResponseWriter of handlers can flush, hijack and send
// files, as the server's own ResponseWriter can.
func TestResponseWriter(t *testing.T) {
	g := guardByHeader(Config{})
	handlers := map[string]http.HandlerFunc{
		"/flush": func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Errorf("flushing: %v", err)
			}
			_, _ = io.WriteString(w, "done")
		},
		"/hijack": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Errorf("hijacking: %v", err)
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
		},
		"/file": func(w http.ResponseWriter, _ *http.Request) {
			f, err := os.Open("responsewriter_test.go")
			must(t, err)
			defer f.Close()
			_, err = w.(io.ReaderFrom).ReadFrom(io.LimitReader(f, 4))
			must(t, err)
		},
		"/deadline": func(w http.ResponseWriter, r *http.Request) {
			must(t, http.NewResponseController(w).EnableFullDuplex())
			if err := w.(http.Pusher).Push("/", nil); !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("pushing over HTTP/1: %v", err)
			}
			_, _ = w.Write([]byte("done"))
		},
	}
	for path, h := range handlers {
		for _, method := range []string{"GET", "POST"} {
			s := httptest.NewServer(g.Handler(h))
			r, err := http.NewRequest(method, s.URL+path, nil)
			must(t, err)
			resp, err := s.Client().Do(r)
			must(t, err)
			if text := body(t, resp); resp.StatusCode != 200 || len(text) != 4 {
				t.Errorf("%s %s: status %d, %q", method, path, resp.StatusCode, text)
			}
			s.Close()
		}
	}
}

// TestCookiesAreNotStored: whatever the handler says about caching, and
// whenever, no cache stores a response that sets a cookie.
func TestCookiesAreNotStored(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	token, err := s.a.Issue(t.Context(), rbac.Login{User: "amy"})
	must(t, err)
	cacheable := func(w http.ResponseWriter) {
		for _, name := range []string{"Cache-Control", "CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Surrogate-Control"} {
			w.Header().Set(name, "public, max-age=600")
		}
		w.Header()["cache-control"] = []string{"public"}
		w.Header().Set("Expires", "Thu, 01 Jan 2099 00:00:00 GMT")
		w.Header().Set("X-Accel-Expires", "600")
	}
	cookies := map[string]func(w http.ResponseWriter, r *http.Request){
		"a ticket":          func(w http.ResponseWriter, r *http.Request) { s.g.SetTicket(w, r, token) },
		"none any more":     func(w http.ResponseWriter, r *http.Request) { s.g.SetTicket(w, r, rbac.Token{}) },
		"one of the host's": func(w http.ResponseWriter, _ *http.Request) { http.SetCookie(w, &http.Cookie{Name: "x", Value: "y"}) },
		"a revision": func(_ http.ResponseWriter, r *http.Request) {
			must(t, s.a.Update(r.Context(), func(tx *rbac.Tx) error {
				return errors.Join(tx.AssignUser(rbac.Membership{User: "eve", Group: "editors"}), tx.DeassignUser(rbac.Membership{User: "eve", Group: "editors"}))
			}))
		},
		"nothing": func(http.ResponseWriter, *http.Request) {},
	}
	writes := map[string]func(w http.ResponseWriter, r *http.Request){
		"Write":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) },
		"WriteString": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") },
		"ReadFrom": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, bufio.NewReader(strings.NewReader("x")))
		},
		"WriteHeader": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"a hint":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); cacheable(w); w.WriteHeader(200) },
		"Flush":       func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() },
		"Redirect":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusMovedPermanently) },
		"Error":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "gone", http.StatusGone) },
		"nothing":     func(http.ResponseWriter, *http.Request) {},
	}
	for what, set := range cookies {
		for how, write := range writes {
			for _, method := range []string{"GET", "POST"} {
				server := httptest.NewServer(s.g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					set(w, r)
					cacheable(w)
					write(w, r)
				})))
				r, err := http.NewRequest(method, server.URL, nil)
				must(t, err)
				r.Header.Set("Authorization", "Bearer "+token.Secret())
				resp, err := server.Client().Transport.RoundTrip(r)
				must(t, err)
				resp.Body.Close()
				server.Close()
				wantCookie := what != "nothing" && (what != "a revision" || method == "POST")
				if got := len(resp.Cookies()) > 0; got != wantCookie {
					t.Errorf("%s that sets %s, by %s: cookies %v", method, what, how, resp.Cookies())
				}
				if stored := storable(resp.Header); wantCookie && stored != "" {
					t.Errorf("%s that sets %s, by %s: %s lets caches store it: %v", method, what, how, stored, resp.Header)
				} else if !wantCookie && stored == "" && how != "Error" {
					t.Errorf("%s without a cookie, by %s: %v", method, how, resp.Header)
				}
			}
		}
	}
}

// storable returns the header by which a cache would store the response.
func storable(h http.Header) string {
	for _, name := range []string{"Cdn-Cache-Control", "Cloudflare-Cdn-Cache-Control", "Surrogate-Control", "Expires", "X-Accel-Expires"} {
		if h.Get(name) != "" {
			return name
		}
	}
	if said := h["Cache-Control"]; len(said) != 1 || said[0] != "no-store" {
		return "Cache-Control"
	}
	return ""
}
