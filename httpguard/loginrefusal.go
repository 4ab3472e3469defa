package httpguard

import (
	"errors"
	"net/http"
	"strings"

	"github.com/rbac-go/rbac"
)

// refuseForm answers a failed login by a form with the form, filled in except
// for the password.
func (g *Guard) refuseForm(w http.ResponseWriter, r *http.Request, p LoginPage, err error) {
	status := g.loginFailed(w, r, err)
	p.Error = loginDetail(status, err)
	g.sendLoginPage(w, r, status, p)
}

// refuseJSON answers a failed login by JSON with a problem document.
func (g *Guard) refuseJSON(w http.ResponseWriter, r *http.Request, err error) {
	status := g.loginFailed(w, r, err)
	detail := loginDetail(status, err)
	if status == http.StatusConflict { // the password was right, so the client may know
		detail = strings.TrimSuffix(detail, ".") + ": " + reasonOf(err) + "."
	}
	g.respond(w, r, response{Status: status, Detail: detail})
}

func (g *Guard) refuseBody(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadRequest
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	g.logRefusedLogin(r, status, "unreadable body")
	g.respond(w, r, response{Status: status, Detail: "The login could not be read. Check the body of the request."})
}

// loginFailed returns the status of a failed login, and sets the headers for
// the status.
func (g *Guard) loginFailed(w http.ResponseWriter, r *http.Request, err error) int {
	status := http.StatusUnauthorized // ErrBadCredentials; a name that no user can have; …
	switch {
	case errors.Is(err, rbac.ErrUnavailable), errors.Is(err, rbac.ErrBusy):
		status = http.StatusServiceUnavailable
		setRetryAfter(w.Header(), err)
	case errors.Is(err, rbac.ErrThrottled):
		status = http.StatusTooManyRequests
		setRetryAfter(w.Header(), err)
	case errors.Is(err, rbac.ErrDenied):
		status = http.StatusForbidden // a group of other users
	case errors.Is(err, rbac.ErrSeparation):
		status = http.StatusConflict
	case errors.Is(err, rbac.ErrBadCredentials):
		challenge(w, false)
	case errors.Is(err, rbac.ErrInvalid): // the Authority does not log these
		challenge(w, false)
		g.logDenial(r, status, err)
	default:
		status = http.StatusInternalServerError
		g.logDenial(r, status, err)
	}
	return status
}

// loginDetail returns the text of a failed login. The text never reveals
// whether the name or the password was wrong.
func loginDetail(status int, err error) string {
	var throttled *rbac.ThrottledError
	if errors.As(err, &throttled) && throttled.RetryAfter <= 0 {
		return "There were too many failed logins for this user name. " +
			"Sign in from a browser that you have used before, or ask an administrator to unlock the account."
	}
	switch status {
	case http.StatusUnauthorized:
		return "The user name or password is wrong."
	case http.StatusForbidden:
		return "You are not a member of all the groups that you asked for."
	case http.StatusConflict:
		return "These groups may not be active together."
	case http.StatusServiceUnavailable:
		return "Signing in is not possible at the moment. Please try again shortly."
	}
	return denialDetail(status, nil)
}

// logRefusedLogin logs a login that did not reach the Authority, which logs all
// others. The reason contains nothing from the request, which may hold a
// secret.
func (g *Guard) logRefusedLogin(r *http.Request, status int, reason string) {
	g.logger().Info("login refused", "status", status, "reason", reason, "remote", r.RemoteAddr)
}
