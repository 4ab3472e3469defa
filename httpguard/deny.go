package httpguard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// Deny responds to a request that is refused because of err:
//
//   - ErrDenied, if the user is signed in: 403 with the reason (see
//     Config.ShowGroups), or the Reason of a *rbac.Error; browsers get a link
//     to sign in as someone else
//   - ErrDenied, if the user is signed in and a new login would help
//     ([rbac.AuthenticatedWithin]): browsers are redirected (303) to the login
//     page, which leads back; programs get 401 with
//     error="insufficient_user_authentication" and max_age in WWW-Authenticate
//     (RFC 9470)
//   - ErrDenied, if nobody is signed in, ErrNoTicket and ErrBadCredentials:
//     browsers are redirected (303) to the login page, which leads back;
//     programs get 401. A browser that returns from the login page without
//     success three times within seconds gets a page with an explanation (401).
//   - ErrDenied about a user who cannot sign in at all, such as a disabled user
//     ([rbac.Authority.Issue]): 401 with the Reason. Make such an error for an
//     account that your own login refuses: a *rbac.Error with Kind ErrDenied,
//     Record "user" and a Reason
//   - ErrNotFound: 404
//   - ErrExists, ErrConflict, ErrProtected, ErrSeparation, ErrCycle: 409
//   - ErrInvalid: 422
//   - ErrThrottled: 429 with Retry-After
//   - ErrUnavailable, ErrBusy: 503 with Retry-After
//   - any other error, and nil: 500 without details
//
// [Status] returns the status of an error alone, and [Detail] the text. A 404
// names no record to a client that is not signed in.
//
// A client counts as a browser if its Accept prefers text/html to JSON, unless
// Sec-Fetch-Mode or Sec-Fetch-Dest indicate a script, an image or the like.
// Programs get a problem document (RFC 9457). A browser that sent a form
// returns to the page with the form, not to the form's target. Config.Denied
// replaces all of these responses.
func (g *Guard) Deny(w http.ResponseWriter, r *http.Request, err error) {
	r = g.withOwnIdentity(r)
	status := denialStatus(r, err)
	if r.Context().Value(denyingKey{g}) != nil { // Config.Denied calls Deny
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
		// net/http would respond with 200.
		g.denyBuiltin(w, r, status, err)
	}
}

// denyingKey marks the request that Config.Denied gets, so Denied may call
// Deny.
type denyingKey struct{ g *Guard }

func denialStatus(r *http.Request, err error) int {
	return statusFor(rbac.FromContext(r.Context()), err)
}

// freshLogin reports whether a signed-in user lacks nothing but a new login,
// and returns the allowed age of that login.
func freshLogin(id *rbac.Identity, err error) (maxAge time.Duration, helps bool) {
	var denied *rbac.DeniedError
	if id.IsAnonymous() || !errors.As(err, &denied) {
		return 0, false
	}
	return denied.FreshLogin()
}

// logDenial logs a denial with the attributes of [rbac.Event], and reports the
// event. Refusals for other reasons than a lack of rights are logged alone. The
// rule is logged, too: a message of the host need not name the missing right.
func (g *Guard) logDenial(r *http.Request, status int, err error) {
	id, level := rbac.FromContext(r.Context()), slog.LevelInfo
	e := rbac.Event{User: id.User(), UserID: id.ID(), Err: err}
	if err == nil {
		e.Err = errNilDenial
	}
	if st := g.state(r); st != nil {
		e.Addr = st.addr
	}
	// The query may hold secrets of the host, and is not logged.
	if errors.Is(err, rbac.ErrDenied) {
		e.Kind, e.Action = rbac.EventDenied, names.Printable(r.Method+" "+r.URL.Path, maxLoggedPath)
		g.a.Report(r.Context(), e)
	}
	if status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	attrs := e.LogValue().Group()
	if denied, ok := errors.AsType[*rbac.DeniedError](err); ok && denied.Predicate != nil {
		attrs = append(attrs, slog.String("rule", names.Printable(denied.Predicate.String(), maxLoggedRule)))
	}
	g.logger().LogAttrs(r.Context(), level, "denied", append(attrs,
		slog.Int("status", status), slog.String("method", r.Method), slog.String("path", names.Printable(r.URL.Path, maxLoggedPath)))...)
}

// maxLoggedRule bounds a rule in the log, in bytes.
const maxLoggedRule = 1024

// maxLoggedPath bounds the path of a denial in an event, in bytes: strangers
// choose the path, and events wait in memory.
const maxLoggedPath = 256

var errNilDenial = errors.New("nil error")

func (g *Guard) denyBuiltin(w http.ResponseWriter, r *http.Request, status int, err error) {
	id := rbac.FromContext(r.Context())
	resp := response{Status: status, Detail: denialDetail(status, g.presentable(err)), SignedInAs: id.User()}
	switch status {
	case http.StatusUnauthorized:
		if isBrowser(r) && !g.hasBearer(r) && g.originalURL(r).Path != g.cfg.LoginPath {
			g.askForLogin(w, r, resp, err)
			return
		}
		challenge(w, g.hasBearer(r) && errors.Is(err, rbac.ErrNoTicket))
		if maxAge, helps := freshLogin(id, err); helps {
			challengeAge(w, maxAge)
			// The user is signed in, and may read the reason.
			resp.Detail = denialDetail(http.StatusForbidden, g.presentable(err))
		}
	case http.StatusForbidden:
		resp.LoginURL = g.LoginURL(r)
	case http.StatusNotFound:
		if resp.SignedInAs == "" {
			resp.Detail = statusDetail(status)
		}
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		setRetryAfter(w.Header(), err)
	}
	g.respond(w, r, resp)
}

// askForLogin sends a browser to the login page, or explains why a login does
// not help.
func (g *Guard) askForLogin(w http.ResponseWriter, r *http.Request, resp response, err error) {
	if _, refused := refusedAccount(err); refused {
		resp.LoginURL = g.LoginURL(r)
	} else if g.redirectToLogin(w, r) {
		return
	} else {
		resp = g.loginLoopResponse(r, err)
	}
	g.respond(w, r, resp)
}

// presentable returns err with the message that Config.ShowGroups allows. The
// message of a rule about a user would name the user, whom nobody may show.
func (g *Guard) presentable(err error) error {
	var denied *rbac.DeniedError
	if !errors.As(err, &denied) || g.cfg.ShowGroups && !namesUser(denied.Predicate) {
		return err
	}
	short := *denied
	short.Message = denied.WithoutGroups()
	return &short
}

// namesUser reports whether a rule has an IsUser. A text that only looks like an
// IsUser counts, too.
func namesUser(p rbac.Predicate) bool { return p != nil && strings.Contains(p.String(), "is_user(") }

// denialDetail returns the text for the client. Only the message of a predicate
// and the reason of an Error are written for the client. A message names
// groups, permissions and users, and is therefore not for anonymous clients.
// Anonymous clients get a reason only if their account is refused.
func denialDetail(status int, err error) string {
	var denied *rbac.DeniedError
	if errors.As(err, &denied) && denied.Message != "" && status == http.StatusForbidden {
		return denied.Message
	}
	var e *rbac.Error
	if errors.As(err, &e) && e.Kind == rbac.ErrDenied && e.Reason != "" && status == http.StatusForbidden {
		return strings.TrimSuffix(statusDetail(status), ".") + ": " + e.Reason + "."
	}
	if text, refused := refusedAccount(err); refused && status == http.StatusUnauthorized {
		return text
	}
	return detail(status, err)
}

// challenge adds the header that a 401 must have (RFC 9110 §15.5.2, RFC 6750
// §3).
func challenge(w http.ResponseWriter, invalid bool) {
	value := "Bearer"
	if invalid {
		value = `Bearer error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", value)
}

// challengeAge asks for a login within maxAge, in whole seconds, rounded down
// (RFC 9470 §3).
func challengeAge(w http.ResponseWriter, maxAge time.Duration) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer error="insufficient_user_authentication", `+
		`error_description="a more recent login is needed", max_age="%d"`, int64(maxAge/time.Second)))
}

// setRetryAfter sets Retry-After in whole seconds, rounded up, at least one. If
// waiting does not help, the header is left out.
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

// denialWriter records whether Config.Denied has sent a response.
type denialWriter struct {
	http.ResponseWriter
	wrote bool
}

func (w *denialWriter) WriteHeader(status int) {
	w.wrote = w.wrote || status >= 200 // below 200 are hints
	w.ResponseWriter.WriteHeader(status)
}

func (w *denialWriter) Write(b []byte) (int, error) {
	w.wrote = true
	return w.ResponseWriter.Write(b)
}

// FlushError sends the header, and the status with it.
func (w *denialWriter) FlushError() error {
	w.wrote = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for [http.ResponseController].
func (w *denialWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
