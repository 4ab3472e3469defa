package adapters

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// provider is an OpenID Connect provider. The browser's session at the provider
// began an hour ago.
type provider struct {
	*httptest.Server
	subject  string
	stubborn bool // the provider never asks for a password, whatever a client wants
	omit     bool // the provider sends no auth_time
	asked    atomic.Int32
}

// newOpenIDSite starts a service with a login at the provider, and returns the
// service and a browser that follows redirects.
func newOpenIDSite(t *testing.T, p *provider) (site *httptest.Server, browser *http.Client) {
	t.Helper()
	key := newIssuer(t)
	a, _ := jwtService(t, key)
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC) // the clock of the world
	codes := map[string]jwt.MapClaims{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		at := now.Add(-time.Hour)
		if q.Get("prompt") == "login" && q.Get("max_age") == "0" && !p.stubborn {
			p.asked.Add(1) // the user types the password
			at = now
		}
		claims := claimsOf(p.subject, jwt.MapClaims{"aud": q.Get("client_id"), "nonce": q.Get("nonce"), "auth_time": at.Unix()})
		if p.omit || q.Get("max_age") == "" {
			delete(claims, "auth_time")
		}
		codes[q.Get("state")] = claims
		http.Redirect(w, r, q.Get("redirect_uri")+"?code="+q.Get("state")+"&state="+q.Get("state"), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"access_token": "x", "token_type": "Bearer",
			"id_token": sign(t, jwt.SigningMethodES256, key, codes[r.FormValue("code")])})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)

	guard := httpguard.New(a, httpguard.Config{})
	site = httptest.NewUnstartedServer(nil)
	site.StartTLS()
	t.Cleanup(site.Close)
	o := &openID{auth: a, guard: guard, parser: newJWTParser(issuer, "client"),
		key: func(*jwt.Token) (any, error) { return &key.PublicKey, nil },
		config: oauth2.Config{ClientID: "client", RedirectURL: site.URL + "/login/done", Scopes: []string{"openid"},
			Endpoint: oauth2.Endpoint{AuthURL: p.URL + "/authorize", TokenURL: p.URL + "/token"}}}
	routes := guard.NewMux()
	routes.Public("/{$}", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	routes.Public("GET /login", http.HandlerFunc(o.begin))
	routes.Public("GET /login/done", http.HandlerFunc(o.done))
	routes.Handle("/report", mayRead, http.HandlerFunc(secret))
	routes.Handle("/payment", rbac.All(mayRead, rbac.AuthenticatedWithin(15*time.Minute)), http.HandlerFunc(secret))
	site.Config.Handler = guard.Handler(routes)

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser = site.Client()
	browser.Jar = jar
	browser.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
		if len(via) > 18 { // browsers follow twenty
			t.Error("too many redirects")
			return http.ErrUseLastResponse
		}
		return nil
	}
	return site, browser
}

// visit opens a page as a person does, follows redirects, and returns the final
// path, status and text.
func visit(t *testing.T, c *http.Client, url string) (path string, status int, text string) {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Request.URL.RequestURI(), resp.StatusCode, string(body)
}

// A session at the provider is enough for a report. For a payment the provider
// asks for the password again.
func TestOpenID(t *testing.T) {
	p := &provider{subject: "auth0|AbC"}
	site, c := newOpenIDSite(t, p)
	for i, want := range []struct {
		path  string
		asked int32
	}{{"/report?a=b", 0}, {"/payment?a=b", 1}, {"/report", 1}, {"/payment", 1}} {
		path, status, text := visit(t, c, site.URL+want.path)
		if path != want.path || status != 200 || !strings.Contains(text, "secret for kim") || p.asked.Load() != want.asked {
			t.Errorf("%d: %s leads to %s with %d, and the provider asked %d times, want %d", i, want.path, path, status, p.asked.Load(), want.asked)
		}
	}
}

// A user whom no login can help gets an explanation, not another round of
// redirects.
func TestOpenIDWithoutRounds(t *testing.T) {
	for _, c := range []struct {
		what   string
		p      *provider
		path   string
		status int
		text   string
	}{
		{"a provider that never asks", &provider{subject: "auth0|AbC", stubborn: true}, "/payment", 401, "needs a more recent login"},
		{"a disabled user", &provider{subject: "gone"}, "/report", 401, "the account is disabled"},
		{"a user nobody knows here", &provider{subject: "x"}, "/report", 401, "you have no account"},
		{"a provider without auth_time", &provider{subject: "auth0|AbC", omit: true}, "/report", 400, "did not succeed"},
	} {
		site, browser := newOpenIDSite(t, c.p)
		_, status, text := visit(t, browser, site.URL+c.path)
		if status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d\n%s", c.what, status, text)
		}
	}
}

// A login leads neither to another site, nor to a login that another browser
// began.
func TestOpenIDLeadsNowhereElse(t *testing.T) {
	p := &provider{subject: "auth0|AbC"}
	site, c := newOpenIDSite(t, p)
	for _, from := range []string{"//evil.example/x", `/\evil.example`, "https://evil.example", "/%2fevil.example"} {
		if path, status, _ := visit(t, c, site.URL+"/login?came_from="+url.QueryEscape(from)); path != "/" || status != 200 {
			t.Errorf("came_from=%s leads to %s with %d", from, path, status)
		}
	}
	_, stranger := newOpenIDSite(t, &provider{subject: "auth0|AbC"})
	stranger.Transport = c.Transport
	for _, query := range []string{"", "?state=&code=x", "?state=x&code=x"} {
		if _, status, _ := visit(t, stranger, site.URL+"/login/done"+query); status != 400 {
			t.Errorf("done%s without a beginning: %d", query, status)
		}
	}
}
