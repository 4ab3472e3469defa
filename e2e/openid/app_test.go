package openid

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// site is the service with its provider, over TLS. kim and lea may read reports
// if the provider says that they are analysts, and dora is disabled.
type site struct {
	*httptest.Server
	t        *testing.T
	app      *app
	auth     *rbac.Authority
	provider *provider
}

func newSite(t *testing.T) *site {
	t.Helper()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	ctx := t.Context()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{Protected: []string{"rbac.administer"}})
	must(t, err)
	t.Cleanup(func() { auth.Close() })
	must(t, auth.Declare(ctx, rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "report.read"}},
		Groups:      []rbac.Group{{Name: "readers"}, {Name: "admins"}},
		Grants:      []rbac.Grant{{Group: "readers", Permission: "report.read"}, {Group: "admins", Permission: "rbac.administer"}},
	}))
	must(t, auth.Update(ctx, func(tx *rbac.Tx) error {
		for _, u := range []rbac.User{{Name: "kim", Subject: "1|kim"}, {Name: "lea", Subject: "1|lea"}, {Name: "dora", Subject: "1|dora", Disabled: true}} {
			if _, err := tx.AddUser(u); err != nil {
				return err
			}
		}
		return nil
	}))
	s := &site{Server: httptest.NewUnstartedServer(nil), t: t, auth: auth}
	s.StartTLS()
	t.Cleanup(s.Close)
	s.provider = newProvider(t, s.URL)
	s.provider.set(func() { s.provider.user, s.provider.groups = "1|kim", []string{"analysts", "everybody"} })
	guard := httpguard.New(auth, httpguard.Config{})
	s.app, err = newApp(ctx, auth, guard, s.URL, s.provider.URL, clientID, clientSecret,
		map[string]string{"analysts": "readers", "owners": "admins"})
	must(t, err)
	s.Config.Handler = guard.Handler(s.app.routes(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s for %s", r.URL.Path, rbac.FromContext(r.Context()).User())
	})))
	return s
}

// browser is a browser that follows at most 18 redirects: real ones follow
// twenty.
func (s *site) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	must(s.t, err)
	c := *s.Client()
	c.Jar = jar
	c.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
		if len(via) > 18 {
			s.t.Error("too many redirects")
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &c
}

// without is a copy of a browser, with the same cookies, that follows no
// redirect to an address which contains a text.
func without(c *http.Client, text string) *http.Client {
	stops := *c
	stops.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.Contains(r.URL.String(), text) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &stops
}

// open opens a page as a person does.
func (s *site) open(c *http.Client, method, page string) (path string, status int, text string) {
	s.t.Helper()
	if !strings.Contains(page, "://") {
		page = s.URL + page
	}
	r, err := http.NewRequest(method, page, nil)
	must(s.t, err)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Origin", s.URL)
	resp, err := c.Do(r)
	must(s.t, err)
	return resp.Request.URL.RequestURI(), resp.StatusCode, read(s.t, resp)
}

// wants opens a page, and checks the answer.
func (s *site) wants(c *http.Client, page string, status int, text string) {
	s.t.Helper()
	path, got, body := s.open(c, "GET", page)
	if got != status || !strings.Contains(body, text) {
		s.t.Errorf("%s leads to %s: %d, want %d with %q\n%s", page, path, got, status, text, body)
	}
}

// asked checks how often the provider has asked for a password.
func (s *site) asked(want int) {
	s.t.Helper()
	s.provider.set(func() {
		if s.provider.asked != want {
			s.t.Errorf("the provider has asked for a password %d times, want %d", s.provider.asked, want)
		}
	})
}

// A login at the provider brings groups along, and later logins take them away.
func TestLogin(t *testing.T) {
	s := newSite(t)
	c := s.browser()
	s.wants(c, "/report?a=b", 200, "/report for kim")
	tickets, err := s.auth.Tickets(t.Context(), "kim")
	must(t, err)
	if len(tickets) != 1 || !tickets[0].Addr.IsLoopback() {
		t.Errorf("the ticket has the address of the client: got %+v", tickets)
	}
	must(t, s.auth.View(t.Context(), func(tx *rbac.Tx) error {
		for m, err := range tx.Memberships(rbac.MembershipQuery{}) {
			must(t, err)
			if m.User != "kim" || m.Group != "readers" || m.Source != s.provider.URL || m.AssignedBy != s.provider.URL {
				t.Errorf("got %+v", m)
			}
		}
		return nil
	}))
	for _, step := range []struct {
		claim  []string
		status int
	}{{nil, 200}, {[]string{"everybody"}, 403}, {[]string{"analysts"}, 200}, {[]string{}, 403}} {
		s.provider.set(func() { s.provider.groups = step.claim })
		s.wants(c, "/login", 200, "/ for kim")
		s.wants(c, "/report", step.status, "")
	}
	s.asked(5)
}

// A session at the provider is enough for a report. A payment needs a password
// of the last quarter of an hour, even if the ticket is new.
func TestStepUp(t *testing.T) {
	s := newSite(t)
	c := s.browser()
	s.wants(c, "/report", 200, "for kim")
	s.asked(1)
	s.provider.age(time.Hour)
	forget(s, c)
	s.wants(c, "/report", 200, "for kim") // by the session at the provider
	s.asked(1)
	s.wants(c, "/payment", 200, "/payment for kim")
	s.asked(2)
	s.wants(c, "/payment", 200, "/payment for kim")
	s.asked(2)
	s.provider.age(9 * time.Hour)
	forget(s, c)
	s.wants(c, "/report", 200, "for kim") // max_age
	s.asked(3)
}

// forget deletes the ticket of a browser, and not its session at the provider.
func forget(s *site, c *http.Client) {
	u, err := url.Parse(s.URL)
	must(s.t, err)
	c.Jar.SetCookies(u, []*http.Cookie{{Name: "__Host-ticket", Path: "/", MaxAge: -1, Secure: true}})
}

// A user whom no login can help gets a page, not another round of redirects.
func TestNoRounds(t *testing.T) {
	for _, tt := range []struct {
		why    string
		set    func(s *site)
		page   string
		status int
		text   string
	}{
		{"a disabled user", func(s *site) { s.provider.user = "1|dora" }, "/report", 401, "the account is disabled"},
		{"an unknown user", func(s *site) { s.provider.user = "1|zoe" }, "/report", 401, "you have no account"},
		{"a provider that lets nobody in", func(s *site) { s.provider.refuses = true }, "/report", 400, "did not succeed"},
		{"a user without the group", func(s *site) { s.provider.groups = nil }, "/report", 403, ""},
		{"a group of the map that does not exist", func(s *site) { s.app.groups["analysts"] = "nowhere" }, "/report", 404, ""},
		{"a provider that does not know when", func(s *site) { s.provider.noTime = true }, "/report", 400, "did not succeed"},
		{"a nonce of another login", func(s *site) { s.provider.replays = "another nonce, of another login" }, "/report", 400, "did not succeed"},
		{"a browser without cookies", func(s *site) {}, "/report", 400, "has not started a login"},
	} {
		s := newSite(t)
		s.provider.set(func() { tt.set(s) })
		c := s.browser()
		if tt.why == "a browser without cookies" {
			c.Jar = nil
		}
		s.wants(c, tt.page, tt.status, tt.text)
	}
	s := newSite(t)
	c := s.browser()
	s.wants(c, "/report", 200, "for kim")
	s.provider.age(time.Hour)
	forget(s, c)
	s.provider.set(func() { s.provider.stubborn = true }) // the provider ignores prompt=login
	s.wants(c, "/payment", 401, "needs a more recent login")
}

// The last administrator stays one: a login that would end the membership is
// refused, and changes nothing.
func TestRefusedSync(t *testing.T) {
	s := newSite(t)
	s.provider.set(func() { s.provider.groups = []string{"owners"} })
	c := s.browser()
	s.wants(c, "/login", 200, "/ for kim")
	s.provider.set(func() { s.provider.groups = []string{} })
	s.wants(s.browser(), "/login", 409, "")
	id, err := s.auth.Identity(t.Context(), "kim")
	must(t, err)
	if !id.HasPermission("rbac.administer") {
		t.Error("the last administrator is gone")
	}
}

// The answer of the provider counts once, and only in the browser that began the
// login.
func TestOnlyThisBrowser(t *testing.T) {
	s := newSite(t)
	kim, lea := s.browser(), s.browser()
	answer := func(c *http.Client, user string) *url.URL { // the answer of the provider, not yet seen
		s.provider.set(func() { s.provider.user = user })
		resp, err := without(c, "/login/done").Get(s.URL + "/login")
		must(t, err)
		resp.Body.Close()
		u, err := resp.Location()
		must(t, err)
		return u
	}
	kims := answer(kim, "1|kim")
	s.wants(kim, s.URL+"/login/done?state=x&code=x", 400, "has not started a login")
	s.wants(kim, kims.String(), 200, "/ for kim") // another site has not ended the login
	kims, leas := answer(kim, "1|kim"), answer(lea, "1|lea")
	s.wants(kim, leas.String(), 400, "has not started a login")
	stolen := *leas
	query := leas.Query()
	query.Set("code", kims.Query().Get("code"))
	stolen.RawQuery = query.Encode()
	s.wants(lea, stolen.String(), 400, "did not succeed") // kim's code, without kim's verifier
	s.wants(lea, leas.String(), 400, "has not started a login")
	kims = answer(kim, "1|kim")
	s.wants(kim, kims.String(), 200, "/ for kim")
	s.wants(kim, kims.String(), 400, "has not started a login")
	for _, from := range []string{"//evil.example/x", `/\evil.example`, "https://evil.example", "/%2fevil.example"} {
		if path, status, _ := s.open(kim, "GET", "/login?came_from="+url.QueryEscape(from)); path != "/" || status != 200 {
			t.Errorf("came_from=%s leads to %s with %d", from, path, status)
		}
	}
}

// Logging out ends the ticket and the session at the provider.
func TestLogout(t *testing.T) {
	s := newSite(t)
	c := s.browser()
	s.wants(c, "/report", 200, "for kim")
	copied := &http.Client{Transport: c.Transport, Jar: c.Jar, CheckRedirect: without(c, "/login").CheckRedirect}
	tickets := s.tickets("kim")
	if path, status, text := s.open(c, "POST", "/logout"); path != "/" || status != 200 || text != "/ for " {
		t.Errorf("the logout leads to %s: %d %s", path, status, text)
	}
	if len(tickets) != 1 || len(s.tickets("kim")) != 0 || len(s.provider.sessions) != 0 {
		t.Errorf("tickets %v, then %v; sessions %v", tickets, s.tickets("kim"), s.provider.sessions)
	}
	if _, status, _ := s.open(copied, "GET", "/report"); status != 303 {
		t.Errorf("the ticket is good after the logout: %d", status)
	}
	s.wants(c, "/report", 200, "for kim")
	s.asked(2) // the session at the provider is over
	if path, _, _ := s.open(s.browser(), "POST", "/logout"); path != "/" {
		t.Errorf("nobody is logged out to %s", path)
	}
}

func (s *site) tickets(user string) []rbac.Ticket {
	s.t.Helper()
	list, err := s.auth.Tickets(s.t.Context(), user)
	must(s.t, err)
	return list
}
