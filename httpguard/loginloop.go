package httpguard

import (
	"cmp"
	"errors"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// A login page of the host itself may redirect back at once, if its own
// session, or the session of an identity provider, is alive. If the response is
// still 401 (the account is unknown here, or the login is as old as before),
// the browser would be redirected forever. A cookie therefore counts the
// redirects from a page to the login.

const (
	maxLoginRedirects = 3
	loginRedirectsAge = 20 * time.Second // since the last redirect; a round through an identity provider takes less
)

func (g *Guard) redirectsCookie() string { return g.cfg.CookieName + "-tries" }

// redirectToLogin redirects the browser to the login page. After too many
// redirects from the same page redirectToLogin sends nothing, and reports
// false.
func (g *Guard) redirectToLogin(w http.ResponseWriter, r *http.Request) bool {
	page := pageHash(g.originalURL(r).Path)
	redirects := 0
	if c, err := restored(r).Cookie(g.redirectsCookie()); err == nil {
		count, counted, _ := strings.Cut(c.Value, ".")
		if n, err := strconv.Atoi(count); err == nil && n > 0 && counted == page {
			redirects = n
		}
	}
	if redirects >= maxLoginRedirects {
		g.setCookie(w.Header(), g.redirectsCookie(), "", -time.Second)
		return false
	}
	g.setCookie(w.Header(), g.redirectsCookie(), strconv.Itoa(redirects+1)+"."+page, loginRedirectsAge)
	redirect(w, r, g.LoginURL(r))
	return true
}

// pageHash identifies a page well enough. Queries differ from round to round,
// and do not count.
func pageHash(path string) string {
	h := fnv.New32a()
	h.Write([]byte(path))
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

// clearLoginRedirects is called by the login page: a user who sees the page is
// not in a loop.
func (g *Guard) clearLoginRedirects(w http.ResponseWriter, r *http.Request) {
	if len(r.CookiesNamed(g.redirectsCookie())) > 0 {
		g.setCookie(w.Header(), g.redirectsCookie(), "", -time.Second)
	}
}

// loginLoopResponse replaces one more redirect to the login.
func (g *Guard) loginLoopResponse(r *http.Request, err error) response {
	id := rbac.FromContext(r.Context())
	resp := response{Status: http.StatusUnauthorized, Heading: "Signing in did not help",
		SignedInAs: id.User(), LoginURL: g.LoginURL(r)}
	if _, helps := freshLogin(id, err); helps {
		resp.Detail = "This page needs a more recent login, and you came back from the login page with the old login. " +
			"Sign out where you signed in, and sign in again with your password."
		return resp
	}
	resp.Detail = "You came back from the login page without being signed in here. Your account may be unknown or disabled here, " +
		"or your browser may not accept cookies. Ask an administrator, or sign in as someone else."
	return resp
}

// refusedAccount reports whether err refuses a user who was authenticated
// elsewhere, such as a disabled user, and returns the text for the user. Signing
// in again would not help.
func refusedAccount(err error) (text string, refused bool) {
	var e *rbac.Error
	if errors.As(err, &e) && e.Kind == rbac.ErrDenied && e.Record == "user" {
		return "You cannot sign in here: " + cmp.Or(e.Reason, "this account is refused") + ". Ask an administrator for help.", true
	}
	return "", false
}
