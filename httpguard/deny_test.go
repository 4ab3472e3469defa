package httpguard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// TestDeny lists errors, and the problem documents for programs.
func TestDeny(t *testing.T) {
	denied := &rbac.DeniedError{Message: `only for <b>"editors"</b>`}
	tests := []struct {
		name, who  string
		err        error
		status     int
		detail     string
		retryAfter string
	}{
		{"denied", "eve", denied, 403, denied.Message, ""},
		{"denied without a word", "eve", rbac.ErrDenied, 403, "You do not have permission to do this.", ""},
		{"denied to a stranger, who learns no names", "", denied, 401, "You must sign in first.", ""},
		{"an account that is refused", "", &rbac.Error{Kind: rbac.ErrDenied, Record: "user", Name: "amy", Reason: "the account is disabled"}, 401,
			"You cannot sign in here: the account is disabled. Ask an administrator for help.", ""},
		{"denied by the host to a stranger", "", &rbac.Error{Kind: rbac.ErrDenied, Record: "invoice", Reason: "the invoice is paid"}, 401, "You must sign in first.", ""},
		{"denied by the host", "eve", &rbac.Error{Kind: rbac.ErrDenied, Record: "invoice", Name: "7", Reason: "the invoice is paid"}, 403,
			"You do not have permission to do this: the invoice is paid.", ""},
		{"no ticket", "eve", rbac.ErrNoTicket, 401, "You must sign in first.", ""},
		{"bad credentials", "", rbac.ErrBadCredentials, 401, "You must sign in first.", ""},
		{"not found", "", fmt.Errorf("post 7: %w", rbac.ErrNotFound), 404, "Nothing was found at this address.", ""},
		{"throttled", "", &rbac.ThrottledError{RetryAfter: 1500 * time.Millisecond}, 429, "There were too many attempts. Please try again later.", "2"},
		{"busy", "", rbac.ErrBusy, 503, "The service cannot answer at the moment. Please try again shortly.", "1"},
		{"unavailable", "", rbac.ErrUnavailable, 503, "The service cannot answer at the moment. Please try again shortly.", "1"},
		{"denied and unavailable", "eve", errors.Join(denied, rbac.ErrUnavailable), 503, "The service cannot answer at the moment. Please try again shortly.", "1"},
		{"another error", "eve", errors.New("secret"), 500, "Something went wrong on our side. Please try again later.", ""},
		{"no error", "eve", nil, 500, "Something went wrong on our side. Please try again later.", ""},
	}
	for _, tt := range tests {
		g := guardByHeader(Config{})
		h := g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public")
			w.Header().Set("Content-Length", "9999")
			g.Deny(w, r, tt.err)
		}))
		resp := serve(h, request(t, "GET /a", "X-Who: "+tt.who))
		var doc struct {
			Type, Title, Detail string
			Status              int
		}
		if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if resp.StatusCode != tt.status || doc.Status != tt.status || doc.Detail != tt.detail || doc.Title != http.StatusText(tt.status) || doc.Type != "about:blank" {
			t.Errorf("%s: status %d, document %+v", tt.name, resp.StatusCode, doc)
		}
		want := map[string]string{"Content-Type": "application/problem+json", "Cache-Control": "no-store", "Retry-After": tt.retryAfter, "Content-Length": ""}
		if tt.status == 401 {
			want["WWW-Authenticate"] = "Bearer"
		}
		for name, value := range want {
			if got := resp.Header.Get(name); got != value {
				t.Errorf("%s: %s: %q, want %q", tt.name, name, got, value)
			}
		}
	}
}

// TestDenyBrowser: browsers get pages, and the login page if a login helps.
func TestDenyBrowser(t *testing.T) {
	tests := []struct {
		rule, line, who string
		headers         []string
		status          int
		location        string
	}{
		{"who is nobody is sent to the login", "GET /a?b=c&d=e", "", nil, 303, "/login?came_from=%2Fa%3Fb%3Dc%26d%3De"},
		{"HEAD as well", "HEAD /a", "", nil, 303, "/login?came_from=%2Fa"},
		{"who posted comes back to the form", "POST /a", "", []string{"Referer: http://example.com/form?x=1"}, 303, "/login?came_from=%2Fform%3Fx%3D1"},
		{"but not to another site", "POST /a", "", []string{"Referer: http://evil.example/form"}, 303, "/login"},
		{"nor to the login", "POST /a", "", []string{"Referer: http://example.com/login"}, 303, "/login"},
		{"nor to the callback of a provider, whose code stays secret", "GET /login/done?code=a&state=b", "", nil, 303, "/login"},
		{"nor to what was posted", "POST /a", "", nil, 303, "/login"},
		{"a guarded login page leads nowhere", "GET /login", "", nil, 401, ""},
		{"who shows a token is a program", "GET /a", "", []string{"Authorization: Bearer x"}, 401, ""},
		{"who is known gets the page", "GET /a", "eve", nil, 403, ""},
	}
	g := guardByHeader(Config{})
	h := g.Handler(g.Require(rbac.HasPermission("editor"))(&countingHandler{}))
	for _, tt := range tests {
		resp := serve(h, request(t, tt.line, append(tt.headers, "X-Who: "+tt.who, "Accept: "+browserAccept)...))
		if resp.StatusCode != tt.status || resp.Header.Get("Location") != tt.location {
			t.Errorf("%s: status %d, Location %q", tt.rule, resp.StatusCode, resp.Header.Get("Location"))
		}
		if got := resp.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %q", tt.rule, got)
		}
	}
}

// TestDeniedPage: the page escapes the reason, and loads nothing.
func TestDeniedPage(t *testing.T) {
	g := guardByHeader(Config{})
	p := rbac.WithMessage(rbac.HasPermission("editor"), `only for <script>alert(1)</script>`)
	mounted := g.Handler(http.StripPrefix("/blog", g.Require(p)(&countingHandler{})))
	resp := serve(mounted, request(t, `GET /blog/a?b="><script>`, "X-Who: eve", "Accept: "+browserAccept))
	text := body(t, resp)
	if strings.Contains(text, "<script") || !strings.Contains(text, "only for &lt;script&gt;") {
		t.Errorf("the reason is not escaped:\n%s", text)
	}
	if !strings.Contains(text, `href="/login?came_from=%2Fblog%2Fa%3Fb%3D%22%3E%3Cscript%3E"`) || !strings.Contains(text, "signed in as eve") {
		t.Errorf("no way to become someone else, and back to the page that was asked for:\n%s", text)
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none';") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("Content-Security-Policy: %s", csp)
	}
}

// TestIsBrowser lists values of Accept, and whether the client counts as a
// browser.
func TestIsBrowser(t *testing.T) {
	tests := []struct {
		accept string
		want   bool
	}{
		{browserAccept, true},
		{"text/html", true},
		{"TEXT/HTML", true},
		{"text/*", true},
		{"text/html;level=1", true},
		{"text/html, application/json;q=0.9", true},
		{"application/json;q=0, text/html;q=0.1", true},
		{"text/html;q=0.5, */*;q=0.1", true},
		{"", false},
		{"*/*", false},
		{"application/json", false},
		{"application/json, text/html", false},
		{"application/json, text/html;q=0.9", false},
		{"application/problem+json, text/html", false},
		{"text/html;q=0", false},
		{"text/html;q=x", false},
		{"text/html;q=NaN", false},
		{"text/html;q=0.5, */*", false},
		{"*/*, text/html;q=0.1", false},
		{"text/html;q=2, application/json", false},
		{",;,=;q", false},
	}
	for _, tt := range tests {
		if got := isBrowser(request(t, "GET /", "Accept: "+tt.accept)); got != tt.want {
			t.Errorf("Accept: %s: browser %v, want %v", tt.accept, got, tt.want)
		}
	}
}

// The log has the rule even if a message of the host hides the missing right.
func TestDenialLogsTheRule(t *testing.T) {
	log := &bytes.Buffer{}
	g := New(authorityOf(t, memorystore.New()), Config{Logger: slog.New(slog.NewTextHandler(log, nil))})
	mux := g.NewMux()
	mux.Handle("GET /posts", rbac.WithMessage(rbac.HasPermission("post.edit"), "Ask Amy for access"), http.NotFoundHandler())
	serve(g.Handler(mux), request(t, "GET /posts"))
	if !strings.Contains(log.String(), `rule="has_permission(\"post.edit\",`) {
		t.Errorf("the log names no rule:\n%s", log)
	}
}
