package openid

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// app is a service whose users sign in at an OpenID Connect provider.
type app struct {
	auth     *rbac.Authority
	guard    *httpguard.Guard
	provider rp.RelyingParty
	site     string            // the origin of the service, such as "https://app.example.com"
	groups   map[string]string // groups of the service for names of the provider
}

// maxAge is how old a session at the provider may be. The provider asks older
// users for their password again.
const maxAge = 8 * time.Hour

// newApp finds the provider by its issuer, the exact URL in its tokens. The map
// of groups bounds what the provider may give, so there has to be one.
func newApp(
	ctx context.Context, auth *rbac.Authority, guard *httpguard.Guard, site, issuer, client, secret string, groups map[string]string,
) (*app, error) {
	if groups == nil {
		return nil, errors.New("openid: no map of the provider's groups")
	}
	provider, err := rp.NewRelyingPartyOIDC(ctx, issuer, client, secret, site+"/login/done", []string{"openid", "email", "groups"},
		rp.WithVerifierOpts(rp.WithNonce(nonceOf)))
	return &app{auth: auth, guard: guard, provider: provider, site: site, groups: groups}, err
}

// routes are the pages of the service, behind Guard.Handler.
func (a *app) routes(page http.Handler) *httpguard.Mux {
	mux := a.guard.NewMux()
	mux.Public("/{$}", page)
	mux.Public("GET /login", http.HandlerFunc(a.begin))
	mux.Public("GET /login/done", http.HandlerFunc(a.done))
	mux.Public("POST /logout", http.HandlerFunc(a.logout))
	mux.Public("POST /login/backchannel", http.HandlerFunc(a.backchannel))
	mux.Handle("/report", rbac.HasPermission("report.read"), page)
	mux.Handle("/payment", rbac.All(rbac.HasPermission("report.read"), rbac.AuthenticatedWithin(15*time.Minute)), page)
	return mux
}

// attempt is a login that a browser has begun. The browser keeps the attempt in
// a cookie, which no other site can read or set.
type attempt struct {
	state    string // ties the provider's answer to this browser
	nonce    string // ties the ID token to this attempt
	verifier string // of PKCE: a stolen code is worth nothing without the verifier
	target   string // a path of the service
}

const (
	attemptCookie = "__Host-openid"
	refusedCookie = "__Host-openid-refused" // the latest login was of a user whom the service refuses; has the target
)

func (at attempt) cookie() *http.Cookie {
	target := base64.RawURLEncoding.EncodeToString([]byte(at.target))
	return &http.Cookie{Name: attemptCookie, Value: strings.Join([]string{at.state, at.nonce, at.verifier, target}, "."),
		Path: "/", MaxAge: 600, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// attemptOf returns the attempt to which a request of the provider belongs.
func attemptOf(r *http.Request) (at attempt, ok bool) {
	c, err := r.Cookie(attemptCookie)
	if err != nil {
		return at, false
	}
	part := strings.Split(c.Value, ".")
	if len(part) != 4 || subtle.ConstantTimeCompare([]byte(part[0]), []byte(r.FormValue("state"))) != 1 {
		return at, false
	}
	target, err := base64.RawURLEncoding.DecodeString(part[3])
	return attempt{state: part[0], nonce: part[1], verifier: part[2], target: string(target)}, err == nil
}

// begin sends the browser to the provider.
func (a *app) begin(w http.ResponseWriter, r *http.Request) {
	target, refused := a.target(r)
	at := attempt{state: rand.Text(), nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), target: target}
	param := func(key, value string) rp.AuthURLOpt { return rp.AuthURLOpt(rp.WithURLParam(key, value)) }
	// With max_age, the provider has to send auth_time.
	options := []rp.AuthURLOpt{rp.WithCodeChallenge(oidc.NewSHACodeChallenge(at.verifier)), param("nonce", at.nonce),
		param("max_age", strconv.Itoa(int(maxAge.Seconds())))}
	switch {
	case !rbac.FromContext(r.Context()).IsAnonymous():
		// The user needs a fresh login (AuthenticatedWithin), or switches users.
		options = append(options, rp.WithPrompt(oidc.PromptLogin), param("max_age", "0"))
	case refused:
		// Otherwise the provider would send the refused user again at once.
		options = append(options, rp.WithPrompt(oidc.PromptSelectAccount))
	}
	http.SetCookie(w, at.cookie())
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, rp.AuthURL(at.state, a.provider, options...), http.StatusSeeOther)
}

// target returns the page to which a login leads: the page from which the user
// comes, or the page that a refused user wanted.
func (a *app) target(r *http.Request) (target string, refused bool) {
	c, err := r.Cookie(refusedCookie)
	refused = err == nil
	if target, ok := a.guard.CameFrom(r); ok {
		return target, refused
	}
	if refused {
		if wanted, err := base64.RawURLEncoding.DecodeString(c.Value); err == nil && len(wanted) > 0 {
			return string(wanted), true // as CameFrom has checked it
		}
	}
	return "/", refused
}

// claims are the claims of an ID token that the service uses.
type claims struct {
	oidc.TokenClaims
	AccessTokenHash string    `json:"at_hash"`
	SessionID       string    `json:"sid"`
	Email           string    `json:"email"`
	EmailVerified   oidc.Bool `json:"email_verified"`
	Groups          []string  `json:"groups"` // nil without the claim, which is not the empty list
}

// GetAccessTokenHash makes claims an oidc.IDClaims.
func (c *claims) GetAccessTokenHash() string { return c.AccessTokenHash }

// done serves the URL to which the provider sends the browser back. Every
// failure is a page: a redirect to another login could repeat forever.
func (a *app) done(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	at, ok := attemptOf(r)
	if !ok {
		http.Error(w, "This browser has not started a login, or started it too long ago. Please open the page that you wanted once more.", http.StatusBadRequest)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: attemptCookie, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true}) // once
	token, err := a.exchange(r, at)
	if err != nil {
		slog.WarnContext(r.Context(), "login at the provider", "error", err)
		http.Error(w, "The login did not succeed. Please open the page that you wanted once more.", http.StatusBadRequest)
		return
	}
	t, err := a.signIn(r, token)
	if err != nil {
		if errors.Is(err, rbac.ErrDenied) {
			wanted := base64.RawURLEncoding.EncodeToString([]byte(at.target))
			http.SetCookie(w, &http.Cookie{Name: refusedCookie, Value: wanted, Path: "/", MaxAge: 600, Secure: true, HttpOnly: true})
		}
		a.guard.Deny(w, r, err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: refusedCookie, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true})
	a.guard.SetTicket(w, r, t)
	http.Redirect(w, r, at.target, http.StatusSeeOther)
}

type nonceKey struct{}

func nonceOf(ctx context.Context) string {
	nonce, _ := ctx.Value(nonceKey{}).(string)
	return nonce
}

// exchange exchanges the code for an ID token. The library checks the signature,
// issuer, audience, expiry and nonce.
func (a *app) exchange(r *http.Request, at attempt) (*oidc.Tokens[*claims], error) {
	if at.nonce == "" {
		return nil, errors.New("no nonce")
	}
	if code := r.FormValue("error"); code != "" {
		return nil, errors.New("the provider answers " + code)
	}
	ctx := context.WithValue(r.Context(), nonceKey{}, at.nonce)
	tokens, err := rp.CodeExchange[*claims](ctx, r.FormValue("code"), a.provider, rp.WithCodeVerifier(at.verifier))
	if err != nil {
		return nil, err
	}
	// Without auth_time, the time of the login is unknown, and a session of last
	// week would count as a new login.
	if age := time.Since(tokens.IDTokenClaims.GetAuthTime()); age > maxAge+time.Minute {
		return nil, errors.New("no auth_time, or a session that is older than max_age")
	}
	return tokens, nil
}

// label marks the tickets of a session at the provider, for backchannel.
func label(session string) string { return "openid " + session }

// clientAddr is for a service without a proxy; otherwise name the proxy here,
// and in httpguard.Config.ClientAddr.
var clientAddr = httpguard.ForwardedFor()

// signIn brings the groups of the user into line, and issues a ticket.
func (a *app) signIn(r *http.Request, token *oidc.Tokens[*claims]) (t rbac.Token, err error) {
	ctx, c := r.Context(), token.IDTokenClaims
	addr, _ := clientAddr(r) // without an address, the login counts all the same
	if _, err := a.auth.IdentityBySubject(ctx, c.Subject); errors.Is(err, rbac.ErrNotFound) {
		if err := a.bind(ctx, c); err != nil {
			return t, err
		}
	}
	_, err = a.auth.Sync(ctx, rbac.Provision{Subject: c.Subject, Source: c.Issuer, Groups: c.Groups, Map: a.groups})
	if err == nil {
		t, err = a.auth.Issue(ctx, rbac.Login{
			Subject:         c.Subject,
			AuthenticatedAt: c.GetAuthTime(), // not the present time: the session may be old
			Label:           label(c.SessionID),
			Replaces:        a.guard.Token(r),
			Addr:            addr,
			UserAgent:       r.UserAgent(),
		})
	}
	if err == nil && len(token.IDToken) < 3<<10 { // a larger token does not fit; the provider then asks before the logout
		err = a.auth.SetValue(ctx, t, "id_token", token.IDToken)
	}
	return t, err
}

// missing reports whether a record of a kind does not exist.
func missing(err error, record string) bool {
	e, ok := errors.AsType[*rbac.Error](err)
	return ok && e.Kind == rbac.ErrNotFound && e.Record == record
}

// logout ends the ticket, and then the session at the provider: otherwise the
// next login would need no password.
func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	ctx, t, target := r.Context(), a.guard.Token(r), "/"
	w.Header().Set("Cache-Control", "no-store")
	hint, err := a.auth.Value(ctx, t, "id_token")
	if err == nil {
		err = a.auth.Logout(ctx, t)
	}
	switch {
	case errors.Is(err, rbac.ErrNoTicket): // nobody is logged in
	case err != nil:
		a.guard.Deny(w, r, err)
		return
	default:
		a.guard.SetTicket(w, r, rbac.Token{})
		target = a.endSession(hint)
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// endSession returns the URL of the provider that ends the user's session, and
// leads back.
func (a *app) endSession(hint string) string {
	endpoint := a.provider.GetEndSessionEndpoint()
	if endpoint == "" {
		return "/"
	}
	config := a.provider.OAuthConfig()
	query := url.Values{"client_id": {config.ClientID}, "post_logout_redirect_uri": {a.site + "/"}}
	if hint != "" {
		query.Set("id_token_hint", hint)
	}
	return endpoint + "?" + query.Encode()
}
