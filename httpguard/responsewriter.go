package httpguard

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/rbac-go/rbac"
)

// responseWriter is the ResponseWriter that handlers get. Before the header is
// sent, responseWriter counts the use of the ticket, adds the revision if the
// request changed something, and keeps caches from storing a response that sets
// a cookie.
type responseWriter struct {
	http.ResponseWriter
	g         *Guard
	mayChange bool // the request may change something
	st        *requestState
	before    rbac.Revision // at the beginning of the request
	finished  bool
}

// finishHeader completes the header, once.
func (w *responseWriter) finishHeader() {
	if w.finished {
		return
	}
	w.finished = true
	w.st.countUse()
	if w.mayChange && w.st.known() && w.g.a.Revision() > w.before {
		w.g.sendRevision(w.Header())
	}
	if h := w.Header(); len(h["Set-Cookie"]) > 0 {
		forbidStoring(h)
	}
}

// forbidStoring replaces every caching header by no-store, including headers
// that only some caches read (RFC 9213).
func forbidStoring(h http.Header) {
	for name := range h {
		switch canonical := http.CanonicalHeaderKey(name); {
		case strings.HasSuffix(canonical, "Cache-Control"), canonical == "Surrogate-Control", canonical == "X-Accel-Expires", canonical == "Expires":
			delete(h, name)
		}
	}
	h["Cache-Control"] = []string{"no-store"}
}

func (w *responseWriter) WriteHeader(status int) {
	if status >= 200 { // below 200 are hints
		w.finishHeader()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *responseWriter) Write(b []byte) (int, error) {
	w.finishHeader()
	return w.ResponseWriter.Write(b)
}

func (w *responseWriter) WriteString(s string) (int, error) {
	w.finishHeader()
	return io.WriteString(w.ResponseWriter, s)
}

// ReadFrom lets the server send a file without copying.
func (w *responseWriter) ReadFrom(r io.Reader) (int64, error) {
	w.finishHeader()
	return io.Copy(w.ResponseWriter, r)
}

// Handlers look for Flush, FlushError, Hijack and Push in a ResponseWriter
// directly. [http.ResponseController] finds everything else through Unwrap.

func (w *responseWriter) Flush() { _ = w.FlushError() }

func (w *responseWriter) FlushError() error {
	w.finishHeader()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *responseWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.st.countUse()
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (w *responseWriter) Push(target string, opts *http.PushOptions) error {
	if p, ok := w.ResponseWriter.(http.Pusher); ok {
		return p.Push(target, opts)
	}
	return http.ErrNotSupported
}

func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
