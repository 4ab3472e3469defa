package httpguard

import (
	"errors"
	"html/template"
	"mime"
	"net/http"

	"github.com/rbac-go/rbac"
)

// linkField is the query parameter, and the field of the form, that holds the
// secret of a link.
const linkField = "link"

// passwordSetField makes the login page state that a password was set.
const passwordSetField = "password_set"

// PasswordPage is the data of Config.PasswordTemplate. The template's form is
// sent by POST to Action, with the fields link, password and repeat.
type PasswordPage struct {
	Action string // the target of the form
	Link   string // value of the field link: a secret; use the value nowhere else
	User   string // the name of the user, for password managers
	Error  string // the reason why the last attempt failed; empty at first

	MinPassword int // the least number of characters of the password, as in rbac.Config
}

// PasswordURL returns the address at which the user of a link chooses a
// password: an [rbac.LinkInvite], [rbac.LinkReset] or [rbac.LinkForgot]. The address begins
// with Config.Site, and never with the Host of a request, which anybody can
// send. PasswordURL panics without a Site.
//
// The address is a secret. Send it to the user, and keep it out of logs.
func (g *Guard) PasswordURL(t rbac.Token) string {
	if g.cfg.Site == "" {
		panic("httpguard: PasswordURL: set Config.Site, the origin of the address")
	}
	return g.cfg.Site + g.Path(g.cfg.PasswordPath) + "?" + linkField + "=" + t.Secret()
}

// Site returns Config.Site.
func (g *Guard) Site() string { return g.cfg.Site }

// BasePath returns Config.BasePath.
func (g *Guard) BasePath() string { return g.cfg.BasePath }

// PasswordHandler lets the user of a link choose a password. Make
// PasswordHandler public, at Config.PasswordPath and behind [Guard.Handler].
//
// A GET shows the form and redeems nothing: mail programs open links, too. A
// POST sets the password with [rbac.Authority.ResetPassword], which ends all
// the user's tickets, and redirects (303) to the login page. A link that is no
// longer good is answered with 404, a password that is refused with 422 and the
// form, and a store that is down with 503. Nothing is cached, and no referrer
// has the path or the query of the page.
//
// The address of the request holds the secret of the link: make sure that the
// access log of a proxy does not keep the query of this path. A used secret is
// worthless.
func (g *Guard) PasswordHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = g.withOwnIdentity(restored(r))
		switch {
		case g.state(r) == nil:
			g.Deny(w, r, errNoHandler)
		case r.Method == http.MethodGet, r.Method == http.MethodHead:
			g.showPassword(w, r)
		case r.Method != http.MethodPost:
			g.methodNotAllowed(w, r, "GET, HEAD, POST")
		default:
			g.postPassword(w, r)
		}
	})
}

func (g *Guard) showPassword(w http.ResponseWriter, r *http.Request) {
	g.sendPasswordPage(w, r, http.StatusOK, PasswordPage{Link: r.URL.Query().Get(linkField)})
}

func (g *Guard) postPassword(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginBody)
	if !g.readForm(w, r) {
		return
	}
	p := PasswordPage{Link: r.PostForm.Get(linkField)}
	password := r.PostForm.Get("password")
	if password != r.PostForm.Get("repeat") {
		p.Error = "The two passwords differ."
		g.sendPasswordPage(w, r, http.StatusUnprocessableEntity, p)
		return
	}
	t, err := rbac.ParseToken(p.Link)
	if err != nil {
		err = rbac.ErrNoTicket
	} else {
		err = g.a.ResetPassword(r.Context(), t, password)
	}
	switch {
	case err == nil:
		redirect(w, r, g.loginPageURL(passwordSetField+"=1", ""))
	case errors.Is(err, rbac.ErrInvalid):
		p.Error = "The password was refused: " + reasonOf(err) + "."
		g.sendPasswordPage(w, r, http.StatusUnprocessableEntity, p)
	default:
		g.refuseLink(w, r, err)
	}
}

// sendPasswordPage shows the form, if the link is good.
func (g *Guard) sendPasswordPage(w http.ResponseWriter, r *http.Request, status int, p PasswordPage) {
	u, err := g.passwordUser(r, p.Link)
	if err != nil {
		g.refuseLink(w, r, err)
		return
	}
	p.Action, p.User, p.MinPassword = g.Path(g.cfg.PasswordPath), u.Name, g.a.Config().MinPassword
	g.sendPage(w, status, g.cfg.PasswordTemplate, p)
}

// passwordUser returns the user of a link to choose a password.
func (g *Guard) passwordUser(r *http.Request, link string) (rbac.User, error) {
	t, err := rbac.ParseToken(link)
	if err != nil {
		return rbac.User{}, rbac.ErrNoTicket
	}
	err = rbac.ErrNoTicket
	var u rbac.User
	for _, purpose := range []string{rbac.LinkReset, rbac.LinkInvite, rbac.LinkForgot} {
		if errors.Is(err, rbac.ErrNoTicket) {
			u, err = g.a.LinkUser(r.Context(), t, purpose)
		}
	}
	return u, err
}

// readForm parses a form. If the request has no form, readForm answers the
// request and reports false.
func (g *Guard) readForm(w http.ResponseWriter, r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	status := http.StatusUnsupportedMediaType
	if err == nil && (media == "application/x-www-form-urlencoded" || media == "multipart/form-data") {
		if err = parseForm(r); err == nil {
			return true
		}
		status = http.StatusBadRequest
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
	}
	g.respond(w, r, response{Status: status, Detail: "The form could not be read. Please send it again, as a form."})
	return false
}

// refuseLink answers a link that is not good, or a password that could not be
// set.
func (g *Guard) refuseLink(w http.ResponseWriter, r *http.Request, err error) {
	resp := response{Status: http.StatusNotFound, Heading: "The link has ended",
		Detail: "A link is good once, and for a limited time. Please ask for a new link."}
	switch {
	case errors.Is(err, rbac.ErrBusy):
		setRetryAfter(w.Header(), err)
		resp = response{Status: http.StatusServiceUnavailable,
			Detail: "The password was not set, and the link is still good. Please try again shortly."}
	case errors.Is(err, rbac.ErrUnavailable): // perhaps after the commit
		setRetryAfter(w.Header(), err)
		resp = response{Status: http.StatusServiceUnavailable,
			Detail: "It is not known whether the password was set. Please open the link again shortly, or sign in with the new password."}
	case !errors.Is(err, rbac.ErrNoTicket):
		resp = response{Status: http.StatusInternalServerError, Detail: denialDetail(http.StatusInternalServerError, nil)}
	}
	g.logDenial(r, resp.Status, err)
	g.respond(w, r, resp)
}

var passwordTemplate = template.Must(template.New("password").Parse(pageHead + `<title>Choose a password</title>
</head>
<body>
<main>
<h1>Choose a password</h1>
<p>For the account of {{.User}}. All its sessions end.</p>
{{with .Error}}<p role="alert" id="error">{{.}}</p>
{{end}}<form method="post" action="{{.Action}}">
<input type="hidden" name="link" value="{{.Link}}">
<input type="hidden" name="user" value="{{.User}}" autocomplete="username">
<p><label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required autofocus aria-describedby="least{{if .Error}} error{{end}}">
<span id="least">At least {{.MinPassword}} characters.</span></p>
<p><label for="repeat">Repeat the new password</label>
<input id="repeat" name="repeat" type="password" autocomplete="new-password" required{{if .Error}} aria-describedby="error"{{end}}></p>
<p><button type="submit">Set password</button></p>
</form>
</main>
</body>
</html>
`))
