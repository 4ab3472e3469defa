package httpguard

import (
	"errors"
	"mime"
	"net/http"

	"github.com/rbac-go/rbac"
)

const (
	maxLoginBody  = 64 << 10 // bytes: a name, a password, a target and room to spare
	maxChoiceBody = 1 << 20  // bytes, for a signed-in user: perhaps thousands of groups
)

// LoginHandler serves the login page and logs users in. Make LoginHandler
// public, at Config.LoginPath and behind [Guard.Handler].
//
// A login by form, urlencoded or multipart, issues a ticket, sets the ticket's
// cookie and redirects (303) to came_from. The browser's previous ticket ends.
// A signed-in user may continue as before, or sign in as someone else. If the
// browser may use plain HTTP, and Config.Insecure is not set, the login
// redirects to this page first; if the cookie does not come back, the page
// explains why. A wrong name or password is answered with the form and 401, a
// form with neither a user nor a password with 400, too many failures with 429,
// and 503 if the password could not be checked.
//
// If a dynamic separation set left groups out of the ticket, a page lets the
// user choose first; see [Guard.ChoiceURL]. The page offers every holder of a
// ticket all groups of its user: do not narrow a ticket to keep groups from its
// own user. An API key with groups gets no other groups.
//
// With Config.Remember the form has a checkbox "remember", and JSON a field
// "remember", true or false.
//
// A login by JSON sends {"user": …, "password": …}. An optional list "groups"
// narrows the ticket to these groups. The response has no cookie, and is
// {"token": …, "expires": …} or a problem document. "omitted" in the response
// lists the groups that were left out. If the request has "device", empty at
// the first login, the response has "device", too: the value that the client
// sends with its next login; see [rbac.Login].Device. Browsers keep the device
// in a cookie. Groups that may not be active together are answered with 409. If
// the request has a ticket in Authorization: Bearer, that ticket ends with the
// login.
func (g *Guard) LoginHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = g.withOwnIdentity(restored(r))
		st := g.state(r)
		switch {
		case st == nil:
			g.Deny(w, r, errNoHandler)
		case r.Method == http.MethodGet, r.Method == http.MethodHead:
			g.showLogin(w, r, st)
		case r.Method != http.MethodPost:
			g.methodNotAllowed(w, r, "GET, HEAD, POST")
		default:
			g.postLogin(w, r, st)
		}
	})
}

func (g *Guard) showLogin(w http.ResponseWriter, r *http.Request, st *requestState) {
	g.clearLoginRedirects(w, r)
	query := r.URL.Query()
	switch {
	case query.Has(chooseField) && !st.token.IsZero():
		g.showChoice(w, r, st)
		return
	case query.Has(signedInField):
		g.checkLoginCookie(w, r, st)
		return
	}
	p := LoginPage{}
	if query.Has(passwordSetField) {
		p.Notice = "Your password was set. Please sign in."
	}
	if from, ok := g.returnTarget(query.Get(cameFromField)); ok {
		p.CameFrom = from
		if rbac.FromContext(r.Context()).IsAnonymous() {
			p.Notice = "Please sign in to continue."
		}
	}
	g.sendLoginPage(w, r, http.StatusOK, p)
}

func (g *Guard) sendLoginPage(w http.ResponseWriter, r *http.Request, status int, p LoginPage) {
	p.Action = g.Path(g.cfg.LoginPath)
	p.Remember = g.cfg.Remember
	if g.sendsLinks.Load() {
		p.Forgot = g.Path(g.cfg.ForgotPath)
	}
	if p.SignedInAs = rbac.FromContext(r.Context()).User(); p.SignedInAs != "" {
		p.GoOn = g.targetOrHome(p.CameFrom)
	}
	g.sendPage(w, status, g.cfg.LoginTemplate, p)
}

func (g *Guard) postLogin(w http.ResponseWriter, r *http.Request, st *requestState) {
	limit := int64(maxLoginBody)
	if !st.token.IsZero() {
		limit = maxChoiceBody
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && (media == "application/x-www-form-urlencoded" || media == "multipart/form-data"):
		g.formLogin(w, r, st)
	case err == nil && media == "application/json":
		g.jsonLogin(w, r, st)
	default:
		g.logRefusedLogin(r, http.StatusUnsupportedMediaType, "neither a form nor JSON")
		g.respond(w, r, response{Status: http.StatusUnsupportedMediaType,
			Detail: "The login could not be read. Send the user name and password as a form or as JSON."})
	}
}

func (g *Guard) formLogin(w http.ResponseWriter, r *http.Request, st *requestState) {
	if err := parseForm(r); err != nil {
		g.refuseBody(w, r, err)
		return
	}
	if r.PostForm.Has(chooseField) {
		g.choose(w, r, st)
		return
	}
	if !r.PostForm.Has("user") && !r.PostForm.Has("password") { // such as JSON that was sent as a form
		g.logRefusedLogin(r, http.StatusBadRequest, "a form without the fields user and password")
		g.respond(w, r, response{Status: http.StatusBadRequest,
			Detail: "The form has no fields user and password. A login as JSON needs the header Content-Type: application/json."})
		return
	}
	p := LoginPage{User: r.PostForm.Get("user"), Remembered: g.cfg.Remember && r.PostForm.Get("remember") != ""}
	p.CameFrom, _ = g.returnTarget(r.PostForm.Get(cameFromField))
	t, err := g.a.Login(r.Context(), rbac.Login{
		User: p.User, Password: r.PostForm.Get("password"), Remember: p.Remembered,
		Addr: st.counted, UserAgent: r.UserAgent(), Device: g.device(r), Replaces: st.token,
	})
	if err != nil {
		g.refuseForm(w, r, p, err)
		return
	}
	g.SetTicket(w, r, t)
	g.setDevice(w, r, t)
	if g.maybePlainHTTP(r) {
		redirect(w, r, g.signedInURL(p.CameFrom))
		return
	}
	g.redirectAfterLogin(w, r, t, p.CameFrom)
}

// redirectAfterLogin redirects to came_from, or to the choice of groups first.
func (g *Guard) redirectAfterLogin(w http.ResponseWriter, r *http.Request, t rbac.Token, cameFrom string) {
	if !t.IsZero() && len(g.omittedGroups(r, t)) > 0 {
		redirect(w, r, g.choiceURL(cameFrom))
		return
	}
	redirect(w, r, g.targetOrHome(cameFrom))
}

// parseForm parses either kind of form. The body is limited, so a multipart
// form stays in memory.
func parseForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	if err := r.ParseMultipartForm(maxChoiceBody); !errors.Is(err, http.ErrNotMultipart) {
		return err
	}
	return nil
}
