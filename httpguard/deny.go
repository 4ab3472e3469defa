package httpguard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/rbac-go/rbac"
)

// Deny answers a request that err keeps from being served:
//
//   - ErrDenied, for who is logged in: 403 with the reason (see Config.ShowGroups), and to browsers a link to sign in as someone else
//   - ErrDenied, for who is logged in and would be allowed after a new login ([rbac.AuthenticatedWithin]): browsers
//     are sent to the login page (303), which leads back here; others get 401 with
//     error="insufficient_user_authentication" and max_age in WWW-Authenticate (RFC 9470)
//   - ErrDenied, for who is not, ErrNoTicket and ErrBadCredentials: browsers are sent to the
//     login page (303), which leads back here; others get 401. A browser that comes back from the login page
//     no better, three times within seconds, gets a page that explains (401), and so does
//     a user who may not sign in at all, such as a disabled one ([rbac.Authority.Issue])
//   - ErrNotFound: 404
//   - ErrExists, ErrProtected, ErrSeparation, ErrCycle: 409
//   - ErrInvalid: 422
//   - ErrThrottled: 429 with Retry-After
//   - ErrUnavailable, ErrBusy: 503 with Retry-After
//   - any other error, nil too: 500, without saying more
//
// [Status] is the same for errors alone, and [Detail] has the words; a 404 names
// nothing to a client that is not signed in.
//
// A browser is a client that prefers text/html to JSON in Accept, unless
// Sec-Fetch-Mode or Sec-Fetch-Dest show a script, an image or the like; others
// get a problem document (RFC 9457). A browser that sent a form comes back to
// the page with the form, not to what the form was sent to. Config.Denied replaces all these answers.
func (g *Guard) Deny(w http.ResponseWriter, r *http.Request, err error) {
	r = g.own(r)
	status := denialStatus(r, err)
	if r.Context().Value(denyingKey{g}) != nil { // Config.Denied hands it back
		g.denyBuiltin(w, r, status, err)
		return
	}
	g.logDenial(r, status, err)
	if g.cfg.Denied == nil {
		g.denyBuiltin(w, r, status, err)
		return
	}
	dw := &denialWriter{ResponseWriter: w}
	g.cfg.Denied(dw, r.WithContext(context.WithValue(r.Context(), denyingKey{g}, true)), err)
	if !dw.wrote {
		// net/http would answer 200.
		g.denyBuiltin(w, r, status, err)
	}
}

// denyingKey marks the request that Config.Denied gets, so that it may call Deny.
type denyingKey struct{ g *Guard }

func denialStatus(r *http.Request, err error) int {
	return statusFor(rbac.FromContext(r.Context()), err)
}

// freshLogin reports whether a new login is all that a known user lacks, and how old it may be.
func freshLogin(id *rbac.Identity, err error) (maxAge time.Duration, helps bool) {
	var denied *rbac.DeniedError
	if id.IsAnonymous() || !errors.As(err, &denied) {
		return 0, false
	}
	return denied.FreshLogin()
}

func (g *Guard) logDenial(r *http.Request, status int, err error) {
	log := g.logger().Info
	text := "nil error"
	if err != nil {
		text = err.Error()
	}
	if status == http.StatusInternalServerError {
		log = g.logger().Error
	}
	// Not the query, which may hold secrets of the host's.
	log("denied", "status", status, "error", text, "user", rbac.FromContext(r.Context()).User(), "method", r.Method, "path", r.URL.Path)
}

func (g *Guard) denyBuiltin(w http.ResponseWriter, r *http.Request, status int, err error) {
	a := answer{Status: status, Detail: denialDetail(status, g.presentable(err)), SignedInAs: rbac.FromContext(r.Context()).User()}
	st := g.state(r)
	if st == nil {
		st = &state{url: r.URL}
	}
	switch status {
	case http.StatusUnauthorized:
		if isBrowser(r) && !st.bearer && st.url.Path != g.cfg.LoginPath {
			if reason, refused := refusedAccount(err); refused {
				a.Detail, a.LoginURL = "You cannot sign in here: "+cmp.Or(reason, "this account is refused")+".", g.LoginURL(r)
				break
			}
			if g.toLogin(w, r, st) {
				return
			}
			a = g.loginInVain(r, err)
			break
		}
		challenge(w, st.bearer && errors.Is(err, rbac.ErrNoTicket))
		if maxAge, helps := freshLogin(rbac.FromContext(r.Context()), err); helps {
			challengeAge(w, maxAge)
			a.Detail = denialDetail(http.StatusForbidden, g.presentable(err)) // they are no stranger
		}
	case http.StatusForbidden:
		a.LoginURL = g.LoginURL(r)
	case http.StatusNotFound:
		if a.SignedInAs == "" {
			a.Detail = statusDetail(status)
		}
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		setRetryAfter(w.Header(), err)
	}
	g.answer(w, r, a)
}

// presentable is err with the message that Config.ShowGroups allows.
func (g *Guard) presentable(err error) error {
	var denied *rbac.DeniedError
	if g.cfg.ShowGroups || !errors.As(err, &denied) {
		return err
	}
	short := *denied
	short.Message = denied.WithoutGroups()
	return &short
}

// denialDetail is what the client is told. Only a predicate's message is
// written for its eyes, and not for a stranger's: it names groups, permissions and users.
func denialDetail(status int, err error) string {
	var denied *rbac.DeniedError
	if errors.As(err, &denied) && denied.Message != "" && status == http.StatusForbidden {
		return denied.Message
	}
	return detail(status, err)
}

// challenge adds the header that a 401 must have (RFC 9110 §15.5.2, RFC 6750 §3).
func challenge(w http.ResponseWriter, invalid bool) {
	value := "Bearer"
	if invalid {
		value = `Bearer error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", value)
}

// challengeAge asks for a login within so many whole seconds, rounded down (RFC 9470 §3).
func challengeAge(w http.ResponseWriter, maxAge time.Duration) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer error="insufficient_user_authentication", `+
		`error_description="a more recent login is needed", max_age="%d"`, int64(maxAge/time.Second)))
}

// setRetryAfter says when to try again: in whole seconds, rounded up, at least
// one. Where waiting does not help it says nothing.
func setRetryAfter(h http.Header, err error) {
	seconds := int64(1)
	var throttled *rbac.ThrottledError
	if errors.As(err, &throttled) {
		if throttled.RetryAfter <= 0 {
			return
		}
		seconds = int64((throttled.RetryAfter + time.Second - 1) / time.Second)
	}
	h.Set("Retry-After", strconv.FormatInt(seconds, 10))
}

// denialWriter notices whether a custom denial handler has answered.
type denialWriter struct {
	http.ResponseWriter
	wrote bool
}

func (w *denialWriter) WriteHeader(status int) {
	w.wrote = w.wrote || status >= 200 // the ones before are only hints
	w.ResponseWriter.WriteHeader(status)
}

func (w *denialWriter) Write(b []byte) (int, error) {
	w.wrote = true
	return w.ResponseWriter.Write(b)
}

// FlushError sends the header, and with it the status.
func (w *denialWriter) FlushError() error {
	w.wrote = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets an http.ResponseController through.
func (w *denialWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
