package web

import (
	"errors"
	"net/http"
	"strings"
)

// Headers sets the headers of every answer. The policy, a
// Content-Security-Policy, has to list everything that pages load.
func Headers(policy string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// Forms parses the form of every request into r.PostForm. A body with more than
// limit bytes is refused with 413.
func Forms(limit int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		if err := r.ParseForm(); err != nil {
			status := http.StatusBadRequest
			if errors.As(err, new(*http.MaxBytesError)) {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, "What you sent could not be read: "+err.Error(), status)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// WantsPage reports whether the client shows pages, as browsers do. Programs
// and scripts do not.
func WantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }
