package openid

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/crypto"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// provider is an OpenID Connect provider: the protocol is that of package op,
// and this is its storage, with one client and the sessions of browsers.
type provider struct {
	op.Storage // nil: methods that the tests do not need
	*httptest.Server
	op   *op.Provider
	key  *rsa.PrivateKey
	site string // the client

	mu       sync.Mutex
	user     string   // who sits at the browser
	groups   []string // of every user; nil: no claim
	email    string   // of the user; empty: no claim
	verified bool     // the email
	stubborn bool     // never asks for a password again
	refuses  bool     // lets nobody in
	noTime   bool     // sends no auth_time
	replays  string   // a nonce that the provider sends instead of the client's
	asked    int      // how often somebody had to give a password
	requests map[string]*authRequest
	sessions map[string]*session
}

// session is a browser that is signed in at the provider.
type session struct {
	id, user string
	at       time.Time
}

// authRequest is an op.AuthRequest.
type authRequest struct {
	*oidc.AuthRequest
	id, code string
	nonce    string
	session  *session
	at       time.Time
}

func (r *authRequest) GetID() string          { return r.id }
func (r *authRequest) GetACR() string         { return "" }
func (r *authRequest) GetAMR() []string       { return []string{"pwd"} }
func (r *authRequest) GetAudience() []string  { return []string{r.ClientID} }
func (r *authRequest) GetAuthTime() time.Time { return r.at }
func (r *authRequest) GetClientID() string    { return r.ClientID }
func (r *authRequest) GetNonce() string       { return r.nonce }
func (r *authRequest) GetRedirectURI() string { return r.RedirectURI }
func (r *authRequest) GetScopes() []string    { return r.Scopes }
func (r *authRequest) GetState() string       { return r.State }
func (r *authRequest) GetSubject() string     { return r.session.user }
func (r *authRequest) Done() bool             { return r.session != nil }
func (r *authRequest) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}
func (r *authRequest) GetResponseType() oidc.ResponseType { return r.ResponseType }
func (r *authRequest) GetResponseMode() oidc.ResponseMode { return r.ResponseMode }

// client is an op.Client: a confidential web client that may use the code flow.
type client struct{ site string }

const clientID, clientSecret = "app", "a secret of the service"

func (client) GetID() string                       { return clientID }
func (c client) RedirectURIs() []string            { return []string{c.site + "/login/done"} }
func (c client) PostLogoutRedirectURIs() []string  { return []string{c.site + "/"} }
func (client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (client) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (client) ResponseTypes() []oidc.ResponseType  { return []oidc.ResponseType{oidc.ResponseTypeCode} }
func (client) GrantTypes() []oidc.GrantType        { return []oidc.GrantType{oidc.GrantTypeCode} }
func (client) LoginURL(id string) string           { return "/sign-in?id=" + id }
func (client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeBearer }
func (client) IDTokenLifetime() time.Duration      { return time.Hour }
func (client) DevMode() bool                       { return false }
func (client) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return slices.Clone[[]string]
}
func (client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return slices.Clone[[]string]
}
func (client) IsScopeAllowed(scope string) bool     { return scope == "groups" }
func (client) IDTokenUserinfoClaimsAssertion() bool { return true }
func (client) ClockSkew() time.Duration             { return 0 }

// newProvider starts a provider for a service.
func newProvider(t *testing.T, site string) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	p := &provider{key: key, site: site, requests: map[string]*authRequest{}, sessions: map[string]*session{}}
	p.Server = httptest.NewServer(nil)
	t.Cleanup(p.Close)
	p.op, err = op.NewProvider(&op.Config{CodeMethodS256: true, BackChannelLogoutSupported: true, BackChannelLogoutSessionSupported: true},
		p, op.StaticIssuer(p.URL), op.WithAllowInsecure())
	must(t, err)
	mux := http.NewServeMux()
	mux.Handle("/", p.op)
	mux.HandleFunc("GET /sign-in", p.signIn)
	p.Config.Handler = mux
	return p
}

// signIn asks for a password, unless the browser has a session that is young
// enough for the client. The tests give the password at once.
func (p *provider) signIn(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	req := p.requests[r.FormValue("id")]
	if req == nil || p.refuses {
		if req != nil {
			query := url.Values{"error": {"access_denied"}, "state": {req.State}}
			http.Redirect(w, r, req.RedirectURI+"?"+query.Encode(), http.StatusFound)
		}
		return
	}
	var s *session
	if c, err := r.Cookie("provider"); err == nil {
		s = p.sessions[c.Value]
	}
	tooOld := s != nil && req.MaxAge != nil && time.Since(s.at) > time.Duration(*req.MaxAge)*time.Second
	// Without a prompt, the provider takes the user of the session.
	other := s != nil && s.user != p.user && len(req.Prompt) > 0
	if s == nil || other || tooOld && !p.stubborn {
		p.asked++
		if s == nil || other {
			s = &session{id: rand.Text(), user: p.user}
		}
		s.at = time.Now()
		p.sessions[s.id] = s
		http.SetCookie(w, &http.Cookie{Name: "provider", Value: s.id, Path: "/", HttpOnly: true})
	}
	if req.session, req.at = s, s.at; p.noTime {
		req.at = time.Time{}
	}
	http.Redirect(w, r, p.op.AuthorizationEndpoint().Absolute(p.URL)+"/callback?id="+req.id, http.StatusFound)
}

// age makes every session at the provider older.
func (p *provider) age(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sessions {
		s.at = s.at.Add(-d)
	}
}

// set changes the provider.
func (p *provider) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

var errUnknown = errors.New("unknown")

// CreateAuthRequest insists on what a client has to send.
func (p *provider) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.CodeChallenge == "" || r.CodeChallengeMethod != oidc.CodeChallengeMethodS256 || len(r.Nonce) < 16 || len(r.State) < 16 || r.MaxAge == nil {
		return nil, oidc.ErrInvalidRequest().WithDescription("no PKCE, nonce, state or max_age")
	}
	req := &authRequest{AuthRequest: r, id: rand.Text(), nonce: r.Nonce}
	if p.replays != "" {
		req.nonce = p.replays
	}
	p.requests[req.id] = req
	return req, nil
}

func (p *provider) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if req := p.requests[id]; req != nil {
		return req, nil
	}
	return nil, errUnknown
}

func (p *provider) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, req := range p.requests {
		if req.code == code {
			return req, nil
		}
	}
	return nil, errUnknown
}

func (p *provider) SaveAuthCode(_ context.Context, id, code string) error {
	p.set(func() { p.requests[id].code = code })
	return nil
}

func (p *provider) DeleteAuthRequest(_ context.Context, id string) error {
	p.set(func() { delete(p.requests, id) })
	return nil
}

func (p *provider) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return rand.Text(), time.Now().Add(time.Minute), nil
}

func (p *provider) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != clientID {
		return nil, errUnknown
	}
	return client{p.site}, nil
}

func (p *provider) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != clientID || secret != clientSecret {
		return errUnknown
	}
	return nil
}

func (p *provider) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

func (p *provider) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, r op.IDTokenRequest, scopes []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	info.Subject = r.GetSubject()
	info.AppendClaims("sid", r.(*authRequest).session.id)
	if slices.Contains(scopes, "email") && p.email != "" {
		info.Email, info.EmailVerified = p.email, oidc.Bool(p.verified)
	}
	if slices.Contains(scopes, "groups") && p.groups != nil {
		info.AppendClaims("groups", p.groups)
	}
	return nil
}

// TerminateSessionFromRequest ends the session of an ID token.
func (p *provider) TerminateSessionFromRequest(_ context.Context, r *op.EndSessionRequest) (string, error) {
	sid, _ := r.IDTokenHintClaims.Claims["sid"].(string)
	p.set(func() { delete(p.sessions, sid) })
	return r.RedirectURI, nil
}

func (p *provider) Health(context.Context) error { return nil }

// signingKey is an op.SigningKey and, as publicKey, an op.Key.
type signingKey struct{ *rsa.PrivateKey }

func (signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k signingKey) Key() any                                  { return k.PrivateKey }
func (signingKey) ID() string                                  { return "key" }

type publicKey struct{ signingKey }

func (publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                         { return &k.PublicKey }

func (p *provider) SigningKey(context.Context) (op.SigningKey, error) { return signingKey{p.key}, nil }

func (p *provider) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

func (p *provider) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{publicKey{signingKey{p.key}}}, nil
}

// sign signs claims with a key.
func sign(t *testing.T, key op.SigningKey, claims any) string {
	t.Helper()
	signer, err := op.SignerFromKey(key)
	must(t, err)
	token, err := crypto.Sign(claims, signer)
	must(t, err)
	return token
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	return string(text)
}
