package httpguard

import (
	"cmp"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// Config sets a Guard up. The zero Config has safe defaults for everything.
type Config struct {
	// Site is the origin under which browsers reach the service, such as
	// "https://app.example.com": scheme, host and perhaps port, without a path.
	// Set it behind a proxy, which may end TLS and change the Host: with an https
	// Site the guard relies on TLS in front of it, and requests from pages of Site
	// are not cross-origin, unless CrossOrigin says otherwise. Empty: the request's
	// own Host.
	Site string
	// BasePath is the prefix that a proxy in front, or [http.StripPrefix] around
	// Handler, takes off the path: with "/app", browsers ask for /app/login and
	// the service sees /login. All other paths of Config are as the service sees
	// them; redirects, forms, came_from, [Guard.LoginURL] and [Guard.ChoiceURL] are
	// as browsers do. Links of the host's own pages need the prefix, too. Empty: none.
	//
	// The cookies have BasePath as their Path, so that other services of the same
	// host do not get them. Their names then begin with "__Secure-", since
	// "__Host-" needs the path "/", and a neighbouring host of the same domain
	// could plant a cookie. Two cookies of one name count as none.
	BasePath string
	// LoginPath is where the login page is, to which browsers are sent that
	// must log in. A path of this site, without query. Empty: "/login".
	LoginPath string
	// LogoutPath is where the logout is; nobody is led back there after a login. Empty: "/logout".
	LogoutPath string
	// Home is where a login leads that did not start at some page, and a logout. Empty: "/".
	Home string
	// LoginTemplate replaces the login page. It is executed with a [LoginPage].
	// Its answer has no Content-Security-Policy but what the host sets.
	LoginTemplate *template.Template
	// ChoiceTemplate replaces the page on which a user chooses among groups that a dynamic
	// separation set keeps apart. It is executed with a [ChoicePage].
	// Its answer has no Content-Security-Policy but what the host sets.
	ChoiceTemplate *template.Template

	// CookieName is the name of the ticket's cookie, without the prefix
	// CookieName is the name of the ticket's cookie, without the prefix
	// "__Host-" ("__Secure-" with a BasePath), which it gets unless Insecure.
	// Names that begin with it and a hyphen belong to the Guard. Empty: "ticket".
	// Services on one host, on whatever ports, share their cookies: give each a name
	// of its own, or a login to one takes the place of the login to another.
	CookieName string
	// CookieMaxAge lets the cookie outlive the browser. Zero: it does not. The
	// limits of the ticket hold in any case.
	CookieMaxAge time.Duration
	// Insecure lets the cookie travel over plain HTTP, for development. Without it
	// the cookie is Secure, which browsers return over TLS only (some also to
	// localhost), and a login over plain HTTP ends on a page that says so.
	// Insecure is unsafe everywhere else: anyone who listens on the way can act as
	// the user, and a neighbouring host or port can plant a ticket of its own.
	Insecure bool
	// KeepTicket leaves the ticket on the request that handlers see. Otherwise
	// Handler takes it off, so that a handler that forwards requests does not give
	// it away: the cookies of this Guard, an Authorization that holds a ticket, and
	// [RevisionHeader]. [Guard.Token], LogoutHandler, guards further in and Call
	// work without them: the header Rbac-Withheld, which means nothing to another
	// server, marks such a request. Keep the ticket for a reverse proxy to a server that identifies
	// the user by the same ticket, or set the header there from Token.
	KeepTicket bool

	// AllowEncodedSlash lets in requests whose path has a slash written as %2F.
	// It is unsafe where anything but a [Mux] decides by the path: routers read the
	// escaped path and most handlers the other one.
	AllowEncodedSlash bool
	// AllowSemicolon lets in requests whose path has a semicolon, raw or as
	// %3B. It is unsafe in front of a server that drops what follows the
	// semicolon, as servers with path parameters do (Tomcat, Jetty, Spring): for
	// that server /admin;x/users is /admin/users, and for the guard it is not.
	AllowSemicolon bool
	// AllowDoubleEncoding lets in requests in whose path an escape is left after
	// decoding once, such as %2561, which is the text %61. It is unsafe in front
	// of a server or proxy that decodes a path twice.
	AllowDoubleEncoding bool
	// Methods are the request methods that are let in. Nil: GET, HEAD, POST,
	// PUT, PATCH, DELETE and OPTIONS. Methods are case-sensitive. CONNECT never reaches a [Mux].
	Methods []string
	// CrossOrigin decides which cross-origin requests are let in. Nil: one that
	// trusts no other origin. Its bypass patterns see an upgrade to WebSocket as a POST.
	CrossOrigin *http.CrossOriginProtection

	// Identify, unless nil, is the host's own authentication. It is asked when
	// the request has no living ticket: no cookie, a dead one, or an Authorization that is no
	// token of ours. Returning nil and nil means that it knows nothing either: who presented a
	// Bearer token is then refused, everybody else is anonymous.
	//
	// The Guard honours whatever it returns, one of [rbac.NewIdentity] too. It is unsafe to return an Identity
	// of another Authority, such as the one in the request's context: its groups and permissions are
	// those of that Authority, under names that may be the same. Ask the Guard's Authority for the user instead.
	//
	// ErrNoTicket, ErrBadCredentials, ErrNotFound, ErrInvalid and ErrDenied (a disabled user) are answered with 401, ErrUnavailable
	// with 503, any other error as [Guard.Deny] says and a panic with 500, on guarded routes. Public
	// ones are then served with a nil Identity, for which no predicate is met.
	//
	// Credentials that browsers send by themselves (cookies, Basic, client
	// certificates) are protected against cross-site requests; those in an Authorization: Bearer need not be.
	Identify func(*http.Request) (*rbac.Identity, error)
	// ClientAddr returns the client's address, by which failed logins are counted and
	// FromNet decides. Nil: that of the connection, which behind a proxy is the proxy's: use
	// [ForwardedFor] there. It is unsafe
	// to read it from a header that the client could have sent. On an error
	// or a panic the request has no address and meets no FromNet.
	ClientAddr func(*http.Request) (netip.Addr, error)

	// ShowGroups lets the answers to denied users name groups: those they are in, and those
	// that would give what is missing. Otherwise a denial names the permission alone, since
	// the names of privileged groups help attackers to choose whose account to take. It holds for pages,
	// problem documents and the errors of [Guard.Call]. Logs have the names in any case. Somebody who
	// chooses among their own groups (ChoiceTemplate, "groups" of a login) sees these, and the set that keeps them apart.
	ShowGroups bool

	// Denied, unless nil, answers in place of the built-in pages and problem
	// documents. The error is what was decided: ErrDenied (a *rbac.DeniedError
	// says why, and has a text WithoutGroups), ErrNoTicket, ErrNotFound, ErrUnavailable, …. Whatever it does, the
	// guarded handler does not run. It may call Deny for the built-in answer, which is also given if it writes nothing.
	Denied func(http.ResponseWriter, *http.Request, error)

	// Logger gets denials and faults, and never a secret. Nil: slog.Default().
	Logger *slog.Logger
}

const (
	hostPrefix   = "__Host-"
	securePrefix = "__Secure-"
)

var defaultMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
	http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// complete fills in the defaults. It panics on what can never work, so that a
// mistake shows at start and not at the first login.
func (c Config) complete() Config {
	c.Site = ownSite(c.Site, c.Insecure)
	c.BasePath = basePath(c.BasePath)
	c.LoginPath = ownPath("LoginPath", c.LoginPath, "/login")
	c.LogoutPath = ownPath("LogoutPath", c.LogoutPath, "/logout")
	c.Home = ownPath("Home", c.Home, "/")
	if c.CookieName == "" {
		c.CookieName = "ticket"
	}
	c.CookieName = strings.TrimPrefix(strings.TrimPrefix(c.CookieName, hostPrefix), securePrefix)
	switch {
	case c.Insecure:
	case c.BasePath == "":
		c.CookieName = hostPrefix + c.CookieName
	default:
		c.CookieName = securePrefix + c.CookieName
	}
	if err := (&http.Cookie{Name: c.CookieName, Value: "x"}).Valid(); err != nil {
		panic(fmt.Sprintf("httpguard: Config.CookieName: %v", err))
	}
	if c.Methods == nil {
		c.Methods = defaultMethods
	}
	c.Methods = append([]string(nil), c.Methods...)
	if c.CrossOrigin == nil {
		c.CrossOrigin = http.NewCrossOriginProtection()
		if c.Site != "" {
			if err := c.CrossOrigin.AddTrustedOrigin(c.Site); err != nil {
				panic(fmt.Sprintf("httpguard: Config.Site: %v", err))
			}
		}
	}
	if c.LoginTemplate == nil {
		c.LoginTemplate = loginTemplate
	}
	if c.ChoiceTemplate == nil {
		c.ChoiceTemplate = choiceTemplate
	}
	return c
}

func ownPath(field, path, fallback string) string {
	if path == "" {
		return fallback
	}
	if target, ok := localTarget(path, pathRules{}); !ok || target != path || strings.Contains(path, "?") {
		panic(fmt.Sprintf("httpguard: Config.%s: %q is not a path of this site", field, path))
	}
	return path
}

// ownSite returns a Site in the form in which browsers write an origin.
func ownSite(site string, insecure bool) string {
	if site == "" {
		return ""
	}
	u, err := url.Parse(site)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || strings.TrimSuffix(u.Path, "/") != "" || strings.ContainsAny(site, "?#") {
		panic(fmt.Sprintf("httpguard: Config.Site: %q is not an origin such as https://app.example.com", site))
	}
	host, ok := canonicalHost(u.Host)
	if !ok || host == "" {
		panic(fmt.Sprintf("httpguard: Config.Site: %q has no valid host", site))
	}
	if u.Scheme == "http" && !insecure {
		panic(fmt.Sprintf("httpguard: Config.Site: %q is plain HTTP, over which a Secure cookie does not come back: serve TLS, or set Insecure for development", site))
	}
	return u.Scheme + "://" + host
}

func basePath(path string) string {
	path = strings.TrimSuffix(path, "/")
	if strings.Contains(path, "%") {
		panic(fmt.Sprintf("httpguard: Config.BasePath: %q has an escape", path))
	}
	return ownPath("BasePath", path, "")
}

// published returns a path of this service as browsers know it.
func (c *Config) published(path string) string { return c.BasePath + path }

func (c *Config) cookiePath() string { return cmp.Or(c.BasePath, "/") }
