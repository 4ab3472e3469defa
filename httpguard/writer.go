package httpguard

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/rbac-go/rbac"
)

// answerWriter is the ResponseWriter that handlers get. Before the header is written
// it adds the revision, if the request may have changed something and something was changed meanwhile, and
// keeps caches from storing an answer that sets a cookie.
type answerWriter struct {
	http.ResponseWriter
	g       *Guard
	carries bool          // the request may change something
	before  rbac.Revision // when it began
	sealed  bool
}

// seal finishes the header.
func (w *answerWriter) seal() {
	if w.sealed {
		return
	}
	w.sealed = true
	if w.carries && w.g.a.Revision() > w.before {
		w.g.carryRevision(w.Header())
	}
	if h := w.Header(); len(h["Set-Cookie"]) > 0 {
		forbidStoring(h)
	}
}

// forbidStoring replaces whatever a header says to caches, those included that
// only some of them read (RFC 9213), by no-store.
func forbidStoring(h http.Header) {
	for name := range h {
		switch canonical := http.CanonicalHeaderKey(name); {
		case strings.HasSuffix(canonical, "Cache-Control"), canonical == "Surrogate-Control", canonical == "X-Accel-Expires", canonical == "Expires":
			delete(h, name)
		}
	}
	h["Cache-Control"] = []string{"no-store"}
}

func (w *answerWriter) WriteHeader(status int) {
	if status >= 200 { // the ones before are only hints
		w.seal()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *answerWriter) Write(b []byte) (int, error) {
	w.seal()
	return w.ResponseWriter.Write(b)
}

func (w *answerWriter) WriteString(s string) (int, error) {
	w.seal()
	return io.WriteString(w.ResponseWriter, s)
}

// ReadFrom lets the server send a file without copying it.
func (w *answerWriter) ReadFrom(r io.Reader) (int64, error) {
	w.seal()
	return io.Copy(w.ResponseWriter, r)
}

// Flush, FlushError, Hijack and Push are what handlers look for in a ResponseWriter
// themselves; Unwrap leads an [http.ResponseController] to the rest.

func (w *answerWriter) Flush() { _ = w.FlushError() }

func (w *answerWriter) FlushError() error {
	w.seal()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *answerWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (w *answerWriter) Push(target string, opts *http.PushOptions) error {
	if p, ok := w.ResponseWriter.(http.Pusher); ok {
		return p.Push(target, opts)
	}
	return http.ErrNotSupported
}

func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
