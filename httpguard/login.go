package httpguard

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// maxLoginBody is in bytes: a name, a password, a target and room to spare.
const maxLoginBody = 64 << 10

// maxChoiceBody is for who is signed in, perhaps with thousands of groups to choose from.
const maxChoiceBody = 1 << 20

// LoginHandler serves the login page and logs in who posts to it. Let everybody
// reach it, at Config.LoginPath and behind [Guard.Handler].
//
// A form, urlencoded or multipart, makes a ticket, sets its cookie and leads back to where the user came
// from (303); the ticket that the browser had ends. A user who is signed in is offered to go on as before, or to
// sign in as someone else. Where the browser may have come over plain HTTP, and Config.Insecure is not set, the login
// leads by way of this page, which explains it if the cookie did not come back. A wrong name or password is answered with the form and 401, too many
// failures with 429, and 503 where the password could not be looked at. Where a dynamic
// separation set left groups out of the ticket, a page lets the user choose first; see [Guard.ChoiceURL]. It offers whoever
// has a ticket all groups of its user: do not narrow a ticket to keep its own user from them. An API key with groups gets no others.
//
// JSON, {"user": …, "password": …} and optionally "groups" to narrow the ticket to, is
// answered with {"token": …, "expires": …} and no cookie, or a problem document; "omitted"
// lists the groups that were left out. With "device", empty at first, the answer has
// a "device", too, which the client sends with its next login; see [rbac.Login].Device.
// Browsers have it in a cookie. Groups that may not be active together are 409.
// The ticket of an Authorization: Bearer that came along ends.
func (g *Guard) LoginHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = g.own(restored(r))
		st := g.state(r)
		switch {
		case st == nil:
			g.Deny(w, r, errNoHandler)
		case r.Method == http.MethodGet, r.Method == http.MethodHead:
			g.showLogin(w, r, st)
		case r.Method != http.MethodPost:
			g.wrongMethod(w, r, "GET, HEAD, POST")
		default:
			g.postLogin(w, r, st)
		}
	})
}

func (g *Guard) showLogin(w http.ResponseWriter, r *http.Request, st *state) {
	g.forgetTries(w, r)
	query := r.URL.Query()
	switch {
	case query.Has(chooseField) && !st.token.IsZero():
		g.showChoice(w, r, st)
		return
	case query.Has(signedInField):
		g.signedIn(w, r, st)
		return
	}
	p := LoginPage{}
	if from, ok := g.returnTarget(query.Get(cameFromField)); ok {
		p.CameFrom = from
		if rbac.FromContext(r.Context()).IsAnonymous() {
			p.Notice = "Please sign in to go on."
		}
	}
	g.loginPage(w, r, http.StatusOK, p)
}

func (g *Guard) loginPage(w http.ResponseWriter, r *http.Request, status int, p LoginPage) {
	p.Action = g.cfg.published(g.cfg.LoginPath)
	if p.SignedInAs = rbac.FromContext(r.Context()).User(); p.SignedInAs != "" {
		p.GoOn = g.home(p.CameFrom)
	}
	g.page(w, status, g.cfg.LoginTemplate, p)
}

func (g *Guard) wrongMethod(w http.ResponseWriter, r *http.Request, allow string) {
	w.Header().Set("Allow", allow)
	g.answer(w, r, answer{Status: http.StatusMethodNotAllowed, Detail: "Allowed here: " + allow + "."})
}

func (g *Guard) postLogin(w http.ResponseWriter, r *http.Request, st *state) {
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
		g.answer(w, r, answer{Status: http.StatusUnsupportedMediaType, Detail: "Send a form or JSON."})
	}
}

// logRefusedLogin is for logins that do not get as far as the Authority, which
// logs the others. The reason has nothing of what was sent: it may be a secret.
func (g *Guard) logRefusedLogin(r *http.Request, status int, reason string) {
	g.logger().Info("login refused", "status", status, "reason", reason, "remote", r.RemoteAddr)
}

func (g *Guard) formLogin(w http.ResponseWriter, r *http.Request, st *state) {
	if err := readForm(r); err != nil {
		g.badBody(w, r, err)
		return
	}
	if r.PostForm.Has(chooseField) {
		g.choose(w, r, st)
		return
	}
	p := LoginPage{User: r.PostForm.Get("user")}
	p.CameFrom, _ = g.returnTarget(r.PostForm.Get(cameFromField))
	t, err := g.a.Login(r.Context(), rbac.Login{
		User: p.User, Password: r.PostForm.Get("password"),
		Addr: st.addr, UserAgent: r.UserAgent(), Device: g.device(r), Replaces: st.token,
	})
	if err != nil {
		g.refuseForm(w, r, p, err)
		return
	}
	g.SetTicket(w, r, t)
	g.setDevice(w, r, t)
	if g.maybePlain(r) {
		redirect(w, r, g.signedInURL(p.CameFrom))
		return
	}
	g.leadOn(w, r, t, p.CameFrom)
}

// refuseForm answers a login by a form with the form, filled in again.
func (g *Guard) refuseForm(w http.ResponseWriter, r *http.Request, p LoginPage, err error) {
	status := g.loginFailed(w, r, err)
	p.Error = loginDetail(status, err)
	g.loginPage(w, r, status, p)
}

// leadOn leads from a login to where the user came from, or to the choice of groups first.
func (g *Guard) leadOn(w http.ResponseWriter, r *http.Request, t rbac.Token, cameFrom string) {
	if !t.IsZero() && len(g.omitted(r, t)) > 0 {
		redirect(w, r, g.choiceURL(cameFrom))
		return
	}
	redirect(w, r, g.home(cameFrom))
}

// readForm reads either kind of form. The body is limited, so a multipart form stays in memory as a whole.
func readForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	if err := r.ParseMultipartForm(maxChoiceBody); !errors.Is(err, http.ErrNotMultipart) {
		return err
	}
	return nil
}

func (g *Guard) badBody(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadRequest
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	g.logRefusedLogin(r, status, "unreadable body")
	g.answer(w, r, answer{Status: status, Detail: "The login could not be read."})
}

// loginFailed tells the status, and sets the headers that go with it.
func (g *Guard) loginFailed(w http.ResponseWriter, r *http.Request, err error) int {
	status := http.StatusUnauthorized // ErrBadCredentials; a name that nobody can have; …
	switch {
	case errors.Is(err, rbac.ErrUnavailable), errors.Is(err, rbac.ErrBusy):
		status = http.StatusServiceUnavailable
		setRetryAfter(w.Header(), err)
	case errors.Is(err, rbac.ErrThrottled):
		status = http.StatusTooManyRequests
		setRetryAfter(w.Header(), err)
	case errors.Is(err, rbac.ErrDenied):
		status = http.StatusForbidden // a group that is not the user's
	case errors.Is(err, rbac.ErrSeparation):
		status = http.StatusConflict
	case errors.Is(err, rbac.ErrBadCredentials):
		challenge(w, false)
	case errors.Is(err, rbac.ErrInvalid): // the Authority looked no further
		challenge(w, false)
		g.logDenial(r, status, err)
	default:
		status = http.StatusInternalServerError
		g.logDenial(r, status, err)
	}
	return status
}

// loginDetail never tells whether it was the name or the password.
func loginDetail(status int, err error) string {
	var throttled *rbac.ThrottledError
	if errors.As(err, &throttled) && throttled.RetryAfter <= 0 {
		return "Too many wrong passwords were tried for this name. " +
			"Sign in where you have signed in before, or ask an administrator to unlock the account."
	}
	switch status {
	case http.StatusUnauthorized:
		return "This name and password do not belong together."
	case http.StatusForbidden:
		return "You are not in the groups that you asked for."
	case http.StatusConflict:
		return "These groups may not be active together."
	case http.StatusServiceUnavailable:
		return "Signing in is not possible at the moment. Please try again shortly."
	}
	return denialDetail(status, nil)
}

// jsonLogin leaves the cookie alone, and whatever ticket it holds: the client
// keeps its token elsewhere.
func (g *Guard) jsonLogin(w http.ResponseWriter, r *http.Request, st *state) {
	var in struct {
		User     string   `json:"user"`
		Password string   `json:"password"`
		Groups   []string `json:"groups"` // they can only narrow
		Device   *string  `json:"device"`
	}
	if err := decodeStrictly(r.Body, &in); err != nil {
		g.badBody(w, r, err)
		return
	}
	l := rbac.Login{User: in.User, Password: in.Password, Groups: in.Groups, Addr: st.addr, UserAgent: r.UserAgent()}
	if st.bearer {
		l.Replaces = st.token
	}
	if in.Device != nil {
		l.Device = *in.Device
	}
	t, err := g.a.Login(r.Context(), l)
	if err != nil {
		g.refuseJSON(w, r, err)
		return
	}
	device := ""
	if in.Device != nil {
		device = g.newDevice(r, t)
	}
	g.sendToken(w, r, t, device)
}

func (g *Guard) refuseJSON(w http.ResponseWriter, r *http.Request, err error) {
	status := g.loginFailed(w, r, err)
	detail := loginDetail(status, err)
	if status == http.StatusConflict { // the password was right, so that they may know
		detail = strings.TrimSuffix(detail, ".") + ": " + why(err) + "."
	}
	g.answer(w, r, answer{Status: status, Detail: detail})
}

// decodeStrictly refuses unknown fields: who sends "expires" should learn that nobody looks at it.
func decodeStrictly(r io.Reader, v any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if err := d.Decode(&struct{}{}); err != io.EOF {
		return errors.Join(errors.New("more than one JSON value"), err)
	}
	return nil
}

func (g *Guard) sendToken(w http.ResponseWriter, r *http.Request, t rbac.Token, device string) {
	out := struct {
		Token   string     `json:"token"`
		Expires *time.Time `json:"expires,omitempty"`
		Omitted []string   `json:"omitted,omitempty"`
		Device  string     `json:"device,omitempty"`
	}{Token: t.Secret(), Device: device}
	// The ticket is there in any case; that its end cannot be told is no failed login.
	if ticket, err := g.a.Ticket(r.Context(), t); err == nil {
		out.Expires, out.Omitted = &ticket.Expires, ticket.Omitted
	}
	body, err := json.Marshal(out)
	if err != nil {
		g.Deny(w, r, err)
		return
	}
	ownHeaders(w.Header(), "application/json")
	_, _ = w.Write(body)
}
