package httpguard

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
)

// healthTimeout bounds the wait for a store that hangs.
const healthTimeout = time.Second

// Health returns a handler that reports whether the Authority can answer now.
// The response is 200 with the text "ok" if so, and otherwise 503 with the text
// "store unavailable" and a Retry-After. An Authority can answer if the store
// has answered within [rbac.Config].MaxStaleness, or does so within a second. A
// closed Authority cannot. Responses are never cached and hold nothing else, so
// the handler may be public. Methods other than GET and HEAD get 405.
//
// Health is a readiness check: a load balancer should send requests elsewhere
// until the store answers. Health is unsafe as a liveness check. Restarting a
// service does not bring back its store, and a restarted service cannot even
// open the store.
//
// Health needs no Guard. With a [Mux], use Mux.Public; outside of
// [Guard.Handler], probes that send no proper Host are answered, too.
func Health(a *rbac.Authority) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()
		// The anonymous Identity needs nothing but a current policy.
		if _, err := a.Identify(ctx, rbac.Token{}); err != nil {
			setRetryAfter(h, err)
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "store unavailable\n")
			return
		}
		io.WriteString(w, "ok\n")
	})
}
