package httpguard

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestReturnTarget lists values of came_from and the targets of the login; an
// empty target is refused.
func TestReturnTarget(t *testing.T) {
	tests := []struct {
		rule, from, want string
	}{
		{"a path is kept", "/posts/7", "/posts/7"},
		{"with its query", "/posts?q=a%26b&page=2", "/posts?q=a%26b&page=2"},
		{"with any query", `/posts?u=http://x//y\z`, `/posts?u=http://x//y\z`},
		{"letters are escaped", "/张三", "/%E5%BC%A0%E4%B8%89"},
		{"a fragment is dropped", "/a#b", "/a"},
		{"the root is a path", "/", "/"},
		{"nothing is no target", "", ""},
		{"no scheme", "http://evil.example/", ""},
		{"no script", "javascript:alert(1)", ""},
		{"no host", "//evil.example/", ""},
		{"no host by a backslash", `/\evil.example/`, ""},
		{"no host by backslashes", `\\evil.example/`, ""},
		{"no host by three slashes", "///evil.example", ""},
		{"no host after a tab", "/\t/evil.example", ""},
		{"no host after a newline", "/\n/evil.example", ""},
		{"no host after an escaped slash", "/%2fevil.example", ""},
		{"no host after an escaped slash behind one", "/%2f/evil.example", ""},
		{"no host after an escaped backslash", "/%5cevil.example", ""},
		{"no host after an escaped tab", "/%09/evil.example", ""},
		{"no host by dot segments", "/.//evil.example", ""},
		{"no host by more dot segments", "/a/..//evil.example", ""},
		{"no relative path", "evil.example", ""},
		{"no space before", " //evil.example", ""},
		{"no header of its own", "/a\r\nSet-Cookie: x=y", ""},
		{"never back to the login", "/login", ""},
		{"never back to the login with a query", "/login?came_from=/login", ""},
		{"never back to the login by another spelling", "/%6cogin/", ""},
		{"never back to the callback of a provider", "/login/done?code=a&state=b", ""},
		{"by another spelling, either", "/%6cogin/done/?code=a", ""},
		{"a page beside the login is a page", "/login-help", "/login-help"},
		{"never back to the logout", "/logout", ""},
		{"broken escapes are no path", "/%zz", ""},
		{"endless ones neither", "/" + strings.Repeat("a", maxCameFrom), ""},
	}
	g := guardByHeader(Config{})
	for _, tt := range tests {
		if got, ok := g.returnTarget(tt.from); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: returnTarget(%q) = %q, %v; want %q", tt.rule, tt.from, got, ok, tt.want)
		}
	}
}

// The login may be at the root, below a base path or have a final slash.
func TestReturnTargetBelowLogin(t *testing.T) {
	for _, tt := range []struct{ login, base, from, want string }{
		{"/", "", "/a/b", "/a/b"},
		{"/sign-in/", "", "/sign-in/done?code=a", ""},
		{"/sign-in/", "", "/login/done", "/login/done"},
		{"/login", "/app", "/app/login/done?code=a", ""},
		{"/login", "/app", "/app/a/login/done", "/app/a/login/done"},
	} {
		g := guardByHeader(Config{LoginPath: tt.login, BasePath: tt.base})
		if got, ok := g.returnTarget(tt.from); got != tt.want || ok != (tt.want != "") {
			t.Errorf("login %s in %q: returnTarget(%q) = %q, %v; want %q", tt.login, tt.base, tt.from, got, ok, tt.want)
		}
	}
}

// FuzzCameFrom: whatever came_from contains, the Location of a login stays on
// the site, both for net/url and for browsers.
func FuzzCameFrom(f *testing.F) {
	for _, s := range []string{"/a?b=c", "//evil.example", `/\evil.example`, "/\t/evil.example", "/%2f/evil.example", "http://evil.example", "/.//evil.example", "/a#b", "/login", "/%5c%5cevil", "/;//x", "/?//x", "/ö?ü", `/a\b?c`} {
		f.Add(s, false)
		f.Add(s, true)
	}
	base, err := url.Parse("https://example.com/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, from string, encodedSlash bool) {
		g := guardByHeader(Config{AllowEncodedSlash: encodedSlash})
		target, ok := g.returnTarget(from)
		if !ok {
			return
		}
		resp := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, target, http.StatusSeeOther)
		}), request(t, "POST /login"))
		location := resp.Header.Get("Location")
		for _, reading := range []string{location, asBrowsersRead(location)} {
			u, err := base.Parse(reading)
			if err != nil {
				t.Fatalf("came_from %q: Location %q: %v", from, location, err)
			}
			if u.Scheme != "https" || u.Host != "example.com" || u.User != nil {
				t.Fatalf("came_from %q leads to %q", from, u)
			}
			if p := strings.Trim(u.Path, "/"); p == "login" || p == "logout" || strings.HasPrefix(p, "login/") {
				t.Fatalf("came_from %q leads back to %q", from, u)
			}
		}
	})
}

// asBrowsersRead applies the URL standard: control characters and spaces at the
// ends are dropped, tabs and newlines everywhere, and a backslash in the path
// is a slash.
func asBrowsersRead(s string) string {
	s = strings.TrimFunc(s, func(c rune) bool { return c <= ' ' })
	s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	p, query, found := strings.Cut(s, "?")
	p = strings.ReplaceAll(p, `\`, "/")
	if found {
		p += "?" + query
	}
	return p
}
