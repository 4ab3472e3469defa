package httpguard

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rbac-go/rbac"
)

const (
	// forgotPerAddress requests of one address prefix are served in
	// forgotWindow, and one mail to one account in forgotPause.
	forgotPerAddress = 10
	forgotWindow     = time.Hour
	forgotPause      = 15 * time.Minute

	// Mails that are sent at once, and how long one may take.
	forgotAtOnce  = 8
	forgotTimeout = 30 * time.Second
)

// ForgotPage is the data of Config.ForgotTemplate. The template's form is sent
// by POST to Action, with the field user.
type ForgotPage struct {
	Action string // the target of the form
	Sent   bool   // the form was sent; the page shows no form then
}

// ForgotHandler lets users who have forgotten their passwords ask for a link.
// Make ForgotHandler public, at Config.ForgotPath and behind [Guard.Handler].
//
// A POST with the field user, a user name or an e-mail address, is answered
// before anything depends on the account, and in the same way for every text:
// the answer reveals neither whether there is an account nor whether a mail was
// sent. (A user who is signed in can see from [RevisionHeader] that a change
// was made.) The rest happens in the background. For an enabled account that
// has a password, ForgotHandler issues an [rbac.LinkForgot] and calls send with
// the user and the [Guard.PasswordURL] of the link. While the link is good,
// ForgotHandler sends no further link within 15 minutes. The function send must
// send the URL to the stored u.Email, which may be empty, and never to an
// address from the request. Errors of send are logged, and must not contain the
// URL. The function has to return when its context ends, 30 seconds after the
// request.
//
// An address prefix (IPv4 /32, IPv6 /64) that asks more than 10 times in an
// hour is answered with 429. The requests are counted in this process, by
// Config.ClientAddr: behind a proxy without ClientAddr, all clients are one
// prefix. While 8 mails are being sent, further requests send nothing.
//
// ForgotHandler panics if send is nil or Config.Site is empty: a URL with the
// Host of a request would let anybody direct the link to another server. After
// the call, the login page has a link to Config.ForgotPath.
func (g *Guard) ForgotHandler(send func(ctx context.Context, u rbac.User, url string) error) http.Handler {
	if send == nil {
		panic("httpguard: ForgotHandler(nil)")
	}
	if g.cfg.Site == "" {
		panic("httpguard: ForgotHandler: set Config.Site, the origin of the links")
	}
	g.sendsLinks.Store(true)
	f := &forgot{g: g, send: send, places: make(chan struct{}, forgotAtOnce), asked: map[netip.Prefix]asked{}, now: time.Now}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = g.withOwnIdentity(restored(r))
		st := g.state(r)
		switch {
		case st == nil:
			g.Deny(w, r, errNoHandler)
		case r.Method == http.MethodGet, r.Method == http.MethodHead:
			g.sendForgotPage(w, ForgotPage{})
		case r.Method != http.MethodPost:
			g.methodNotAllowed(w, r, "GET, HEAD, POST")
		default:
			f.post(w, r, st.counted)
		}
	})
}

func (g *Guard) sendForgotPage(w http.ResponseWriter, p ForgotPage) {
	p.Action = g.Path(g.cfg.ForgotPath)
	g.sendPage(w, http.StatusOK, g.cfg.ForgotTemplate, p)
}

// forgot sends links to users who have forgotten their passwords.
type forgot struct {
	g      *Guard
	send   func(ctx context.Context, u rbac.User, url string) error
	places chan struct{}
	now    func() time.Time

	mu    sync.Mutex
	asked map[netip.Prefix]asked
}

// asked counts the requests of an address prefix.
type asked struct {
	times int
	since time.Time
}

func (f *forgot) post(w http.ResponseWriter, r *http.Request, addr netip.Addr) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginBody)
	if !f.g.readForm(w, r) {
		return
	}
	if wait := f.wait(addr); wait > 0 {
		err := &rbac.ThrottledError{RetryAfter: wait}
		f.g.logDenial(r, http.StatusTooManyRequests, err)
		setRetryAfter(w.Header(), err)
		f.g.respond(w, r, response{Status: http.StatusTooManyRequests, Detail: "There were too many requests from your network. Please try again later."})
		return
	}
	// The answer is on its way before anything depends on the account.
	f.g.sendForgotPage(w, ForgotPage{Sent: true})
	reason := "forgotten password"
	if addr.IsValid() {
		reason += ", asked from " + addr.String()
	}
	select {
	case f.places <- struct{}{}:
		go f.serve(rbac.WithReason(context.WithoutCancel(r.Context()), reason), strings.TrimSpace(r.PostForm.Get("user")))
	default:
		f.g.logger().Warn("httpguard: too many mails at once: no link was sent", "at once", forgotAtOnce)
	}
}

// wait counts a request, and returns how long the address prefix has to wait.
// All requests without an address count as one prefix.
func (f *forgot) wait(addr netip.Addr) time.Duration {
	addr, bits := addr.Unmap(), 32
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits)
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.asked) >= maxForgotPrefixes {
		f.forget(now)
	}
	a := f.asked[prefix]
	if since := now.Sub(a.since); since < 0 || since >= forgotWindow {
		a = asked{since: now}
	}
	if a.times >= forgotPerAddress {
		return a.since.Add(forgotWindow).Sub(now)
	}
	a.times++
	f.asked[prefix] = a
	return 0
}

// maxForgotPrefixes bounds the memory for counts.
const maxForgotPrefixes = 10_000

// forget drops the counts that have ended. If all prefixes are still counted,
// all counts are dropped: counts do not stop an attacker with so many
// addresses, and each account still gets only one mail in 15 minutes.
func (f *forgot) forget(now time.Time) {
	for prefix, a := range f.asked {
		if since := now.Sub(a.since); since < 0 || since >= forgotWindow {
			delete(f.asked, prefix)
		}
	}
	if len(f.asked) >= maxForgotPrefixes {
		clear(f.asked)
	}
}

// serve sends a link, after the response.
func (f *forgot) serve(ctx context.Context, name string) {
	defer func() { <-f.places }()
	defer func() {
		if v := recover(); v != nil {
			// The value may have the link.
			f.g.logger().Error("httpguard: sending a link panicked", "panic", fmt.Sprintf("%T", v))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, forgotTimeout)
	defer cancel()
	u, link, err := f.issue(ctx, name)
	if err == nil {
		err = f.send(ctx, u, f.g.PasswordURL(link))
	}
	switch {
	case err == nil:
	case !link.IsZero(): // an error of send may quote the link
		f.g.logger().Error("httpguard: a link could not be sent", "user", u.Name, "error", strings.ReplaceAll(err.Error(), link.Secret(), "…"))
	case errors.Is(err, rbac.ErrUnavailable):
		f.g.logger().Error("httpguard: no link could be issued", "error", err)
	default:
		f.g.logger().Info("httpguard: no link was issued", "error", err)
	}
}

// issue issues a link for the user with a name or e-mail address. issue first
// looks the name up in a View, so a name without a user makes no other Update
// wait.
func (f *forgot) issue(ctx context.Context, name string) (u rbac.User, link rbac.Token, err error) {
	eligible := func(tx *rbac.Tx) (err error) {
		u, err = f.eligible(tx, name)
		return err
	}
	if err := f.g.a.View(ctx, eligible); err != nil {
		return u, rbac.Token{}, err
	}
	err = f.g.a.Update(ctx, func(tx *rbac.Tx) error {
		if err := eligible(tx); err != nil {
			return err
		}
		link, err = tx.IssueLink(rbac.Link{User: u.Name, Purpose: rbac.LinkForgot})
		return err
	})
	if err != nil {
		return u, rbac.Token{}, err
	}
	return u, link, nil
}

// The reasons why a user gets no link, in the log.
var (
	errDisabled   = errors.New("the account is disabled")
	errNoPassword = errors.New("the account has no password")
	errRecentLink = errors.New("the account was sent a link a short time ago")
)

// eligible returns the user with a name or e-mail address. The error states why
// the user gets no link now.
func (f *forgot) eligible(tx *rbac.Tx, name string) (rbac.User, error) {
	u, err := tx.User(name)
	if strings.Contains(name, "@") && (errors.Is(err, rbac.ErrNotFound) || errors.Is(err, rbac.ErrInvalid)) {
		u, err = tx.UserByEmail(name)
	}
	if err != nil {
		return u, err
	}
	has, err := tx.HasPassword(u.Name)
	if err != nil {
		return u, err
	}
	recent, err := recentLink(tx, u)
	switch {
	case err != nil:
		return u, err
	case u.Disabled:
		return u, errDisabled
	case !has:
		return u, errNoPassword
	case recent:
		return u, errRecentLink
	}
	return u, nil
}

// recentLink reports whether any process has sent the user a link within the
// last 15 minutes, and the link is still good.
func recentLink(tx *rbac.Tx, u rbac.User) (bool, error) {
	links, err := tx.Links(u.Name)
	return slices.ContainsFunc(links, func(l rbac.IssuedLink) bool {
		return l.Purpose == rbac.LinkForgot && tx.Now().Sub(l.Created) < forgotPause
	}), err
}

var forgotTemplate = template.Must(template.New("forgot").Parse(pageHead + `<title>Forgotten password</title>
</head>
<body>
<main>
<h1>Forgotten password</h1>
{{if .Sent}}<p role="status">If there is such an account, a link is on its way to its e-mail address. The link is good for an hour.</p>
<p>No mail? Look into the spam folder, or try again in 15 minutes.</p>
{{else}}<p>You get a link to choose a new password.</p>
<form method="post" action="{{.Action}}">
<p><label for="user">User name or e-mail address</label>
<input id="user" name="user" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" required autofocus></p>
<p><button type="submit">Send the link</button></p>
</form>
{{end}}</main>
</body>
</html>
`))
