package httpguard

import (
	"errors"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// A login page of the host's may lead back at once: its own session, or that of
// an identity provider, is alive. Where the answer is then still 401 (the account
// is unknown here, or the login is as old as before) the browser would go round
// in circles, so a cookie counts how often it was sent to the login from a page.

const (
	mostTries = 3
	triesAge  = 20 * time.Second // since the last one; a round through an identity provider takes less
)

func (g *Guard) triesName() string { return g.cfg.CookieName + "-tries" }

// toLogin sends the browser to the login page. It reports false, and sends
// nothing, if the browser was sent there from the same page again and again.
func (g *Guard) toLogin(w http.ResponseWriter, r *http.Request, st *state) bool {
	page := pageNumber(st.url.Path)
	tries := 0
	if c, err := restored(r).Cookie(g.triesName()); err == nil {
		count, of, _ := strings.Cut(c.Value, ".")
		if n, err := strconv.Atoi(count); err == nil && n > 0 && of == page {
			tries = n
		}
	}
	if tries >= mostTries {
		g.setCookie(w.Header(), g.triesName(), "", -time.Second)
		return false
	}
	g.setCookie(w.Header(), g.triesName(), strconv.Itoa(tries+1)+"."+page, triesAge)
	redirect(w, r, g.LoginURL(r))
	return true
}

// pageNumber tells pages apart well enough. Queries differ from round to round.
func pageNumber(path string) string {
	h := fnv.New32a()
	h.Write([]byte(path))
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

// forgetTries is for the login page: somebody who reads it does not go round in circles.
func (g *Guard) forgetTries(w http.ResponseWriter, r *http.Request) {
	if len(r.CookiesNamed(g.triesName())) > 0 {
		g.setCookie(w.Header(), g.triesName(), "", -time.Second)
	}
}

// loginInVain is the page in place of one more redirect to the login.
func (g *Guard) loginInVain(r *http.Request, err error) answer {
	a := answer{Status: http.StatusUnauthorized, Heading: "Signing in did not help",
		SignedInAs: rbac.FromContext(r.Context()).User(), LoginURL: g.LoginURL(r)}
	if _, helps := freshLogin(rbac.FromContext(r.Context()), err); helps {
		a.Detail = "This page needs a more recent login, and you came back from the login page with the same one. " +
			"Sign out where you signed in, and sign in again with your password."
		return a
	}
	a.Detail = "You came back from the login page without being signed in here. Your account may be unknown or disabled here, " +
		"or your browser may not accept cookies. Ask an administrator, or sign in as someone else."
	return a
}

// refusedAccount returns why a user whom somebody else has authenticated may not
// sign in here, such as a disabled one: signing in once more would not help.
func refusedAccount(err error) (reason string, refused bool) {
	var e *rbac.Error
	if errors.As(err, &e) && e.Kind == rbac.ErrDenied && e.Record == "user" {
		return e.Reason, true
	}
	return "", false
}
