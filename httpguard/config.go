package httpguard

import (
	"cmp"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// Config is the configuration of a Guard. The zero Config has safe defaults for
// every field.
type Config struct {
	// Site is the origin under which browsers reach the service, such as
	// "https://app.example.com": scheme, host and optional port, without a
	// path. Set Site behind a proxy that ends TLS or changes the Host. With an
	// https Site the Guard relies on TLS in front of the service. Requests from
	// pages of Site are not cross-origin, unless CrossOrigin decides otherwise.
	// A request without Sec-Fetch-Site but with another Origin is cross-origin,
	// even if the Origin is the Host of the request. Links in mails begin with
	// Site. Empty: the Host of the request, and no links ([Guard.PasswordURL]
	// and [Guard.ForgotHandler] panic).
	Site string
	// BasePath is the path prefix that a proxy, or [http.StripPrefix] around
	// Handler, removes: with "/app", browsers request /app/login and the
	// service sees /login. All other paths of Config are paths as the service
	// sees them. Redirects, forms, came_from, [Guard.LoginURL] and
	// [Guard.ChoiceURL] use paths as browsers see them. Links and redirects of
	// the host need the prefix, too: [Guard.Path] adds it. Empty: no prefix.
	//
	// BasePath is the Path of the cookies, so other services on the host do not
	// receive them. Cookie names then begin with "__Secure-", since "__Host-"
	// needs the path "/"; a neighbouring host of the same domain could plant a
	// cookie. If two cookies have live tickets, neither counts.
	BasePath string
	// LoginPath is the path of the login page, to which the Guard sends
	// browsers that must log in. The path has no query. No login leads back to
	// the page or to a page below it, such as the callback of an identity
	// provider ("/login/done"). Empty: "/login".
	LoginPath string
	// LogoutPath is the path of the logout. No login leads back to the logout.
	// Empty: "/logout".
	LogoutPath string
	// PasswordPath is the path of the page on which the user of a link chooses a
	// password; see [Guard.PasswordHandler]. No login leads back to the page.
	// Empty: "/password".
	PasswordPath string
	// ForgotPath is the path of [Guard.ForgotHandler]. Empty: "/forgot".
	ForgotPath string
	// Home is the target of a logout, and of a login without came_from. Empty:
	// "/".
	Home string
	// LoginTemplate replaces the login page, and is executed with a
	// [LoginPage]. The page has no Content-Security-Policy unless the host sets
	// the header.
	LoginTemplate *template.Template
	// PasswordTemplate replaces the page of PasswordHandler, and is executed
	// with a [PasswordPage]. The page has no Content-Security-Policy unless the
	// host sets the header. Nothing on the page may come from another site,
	// which would learn the address of the page from a script.
	PasswordTemplate *template.Template
	// ForgotTemplate replaces the page of ForgotHandler, and is executed with a
	// [ForgotPage]. The page has no Content-Security-Policy unless the host sets
	// the header.
	ForgotTemplate *template.Template
	// ChoiceTemplate replaces the page on which a user chooses among groups
	// that a dynamic separation set keeps apart, and is executed with a
	// [ChoicePage]. The page has no Content-Security-Policy unless the host
	// sets the header.
	ChoiceTemplate *template.Template

	// CookieName is the name of the ticket's cookie, without the prefix
	// "__Host-" ("__Secure-" with a BasePath). The Guard adds the prefix unless
	// Insecure is set. Names that begin with CookieName and a hyphen belong to
	// the Guard. Empty: "ticket".
	//
	// Services on the same host share their cookies, even on different ports.
	// Give each service a name of its own: otherwise a login to one service
	// replaces the login to another.
	CookieName string
	// CookieMaxAge lets the cookie outlive the browser session. Zero: the
	// cookie ends with the session. The limits of the ticket hold in any case.
	CookieMaxAge time.Duration
	// Remember lets users stay signed in: the login page has a checkbox, and
	// the JSON login a field "remember"; see [rbac.Login].Remember. The cookie
	// of a remembered ticket lasts until the ticket's absolute limit,
	// rbac.Config.RememberLimit, and no request renews it. Without Remember the
	// field of a form has no effect, and "remember" in JSON is refused.
	Remember bool
	// Insecure allows the cookie over plain HTTP, for development. Otherwise
	// the cookie is Secure: browsers return it over TLS only (some also to
	// localhost), and a login over plain HTTP ends on a page with an
	// explanation. Insecure is unsafe everywhere else: anyone on the network
	// path can act as the user, and a neighbouring host or port can plant a
	// ticket.
	Insecure bool
	// KeepTicket leaves the ticket on the request that handlers see. Otherwise
	// Handler removes the cookies of this Guard, an Authorization that holds a
	// ticket, and [RevisionHeader], so a handler that forwards requests does
	// not reveal the ticket. [Guard.Token], LogoutHandler, inner guards and
	// Call still work: the header Rbac-Withheld, which means nothing to another
	// server, marks such a request. Keep the ticket for a reverse proxy to a
	// server that identifies the user by the same ticket, or set the header for
	// that server from Token.
	KeepTicket bool

	// AllowEncodedSlash allows paths with a slash written as %2F. This is
	// unsafe unless a [Mux] makes every decision by path: routers read the
	// escaped path, most handlers the decoded path.
	AllowEncodedSlash bool
	// AllowSemicolon allows paths with a semicolon, raw or as %3B. This is
	// unsafe in front of a server that drops everything after a semicolon, as
	// servers with path parameters do (Tomcat, Jetty, Spring): for such a
	// server /admin;x/users is /admin/users, and for the Guard the two paths
	// differ.
	AllowSemicolon bool
	// AllowDoubleEncoding allows paths in which an escape remains after
	// decoding once, such as %2561, which is the text %61. This is unsafe in
	// front of a server or proxy that decodes a path twice.
	AllowDoubleEncoding bool
	// Methods are the allowed request methods. Nil: GET, HEAD, POST, PUT,
	// PATCH, DELETE and OPTIONS. Methods are case-sensitive. CONNECT never
	// reaches a [Mux].
	Methods []string
	// CrossOrigin decides which cross-origin requests are allowed. Nil: a
	// protection that trusts no other origin. Bypass patterns see a WebSocket
	// upgrade as a POST.
	CrossOrigin *http.CrossOriginProtection

	// Identify, if not nil, is the authentication of the host itself. The Guard
	// calls Identify, once or twice, if the request has no live ticket: no
	// cookie, a cookie of an ended ticket, or an Authorization without a token of
	// the Authority. A nil Identity with a nil error means that Identify
	// recognises nobody, either. A request with a Bearer token is then refused,
	// and any other request is anonymous.
	//
	// The Guard honours every returned Identity, including the result of
	// [rbac.NewIdentity]. It is unsafe to return an Identity of another
	// Authority, such as the Identity in the request's context: its groups and
	// permissions belong to the other Authority, under possibly equal names.
	// Ask the Guard's Authority for the user instead.
	//
	// On guarded routes ErrNoTicket, ErrBadCredentials, ErrNotFound,
	// ErrInvalid and ErrDenied (a disabled user) are answered with 401,
	// ErrUnavailable with 503, a panic with 500, and any other error as
	// [Guard.Deny] describes. Public routes are then served with a nil
	// Identity, which satisfies no predicate.
	//
	// Credentials that browsers send by themselves (cookies, Basic, client
	// certificates) are protected against cross-site requests. Bearer
	// credentials need no such protection.
	Identify func(*http.Request) (*rbac.Identity, error)
	// ClientAddr returns the client's address. Failed logins are counted by the
	// address, and FromNet checks the address. Nil: the address of the
	// connection. Behind a proxy that is the proxy's address: use
	// [ForwardedFor]. It is unsafe to take the address from a header that the
	// client could have sent. After an error or a panic the request has no
	// address and satisfies no FromNet, its failed logins are counted by the
	// address of the connection, and a warning is logged once a minute. A
	// connection over a Unix socket has no address: its logins are counted by
	// user only.
	ClientAddr func(*http.Request) (netip.Addr, error)

	// ShowGroups lets responses to denied users name groups: the user's own
	// groups, and the groups that would grant the missing permission. Otherwise
	// a denial names only the permission, since the names of privileged groups
	// help attackers to select accounts. ShowGroups applies to pages, problem
	// documents and the errors of [Guard.Call]. Logs always name groups. A denial
	// by a rule with [rbac.IsUser] names neither the user nor groups. A user who
	// chooses among the user's own groups (ChoiceTemplate, "groups" of a login)
	// always sees them, and the set that keeps them apart.
	ShowGroups bool

	// Denied, if not nil, replaces the built-in pages and problem documents.
	// The error is the decision: ErrDenied, ErrNoTicket, ErrNotFound,
	// ErrUnavailable, …. A *rbac.DeniedError has the reason, and its method
	// WithoutGroups returns a text that names no groups. The guarded handler
	// does not run, whatever Denied does. Denied may call Deny for the built-in
	// response; the Guard sends the built-in response, too, if Denied writes
	// nothing.
	Denied func(http.ResponseWriter, *http.Request, error)

	// Logger receives denials and faults, and never a secret. Nil:
	// slog.Default().
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

// withDefaults returns c with defaults for its zero fields. The function panics
// on values that can never work: a mistake shows at start, rather than at the
// first login.
func (c Config) withDefaults() Config {
	c.Site = checkedOrigin(c.Site, c.Insecure)
	c.BasePath = checkedBasePath(c.BasePath)
	c.LoginPath = checkedPath("LoginPath", c.LoginPath, "/login")
	c.LogoutPath = checkedPath("LogoutPath", c.LogoutPath, "/logout")
	c.PasswordPath = checkedPath("PasswordPath", c.PasswordPath, "/password")
	c.ForgotPath = checkedPath("ForgotPath", c.ForgotPath, "/forgot")
	c.Home = checkedPath("Home", c.Home, "/")
	c.CookieName = c.prefixedCookieName()
	if err := (&http.Cookie{Name: c.CookieName, Value: "x"}).Valid(); err != nil {
		panic(fmt.Sprintf("httpguard: Config.CookieName: %v", err))
	}
	if c.Methods == nil {
		c.Methods = defaultMethods
	}
	c.Methods = slices.Clone(c.Methods)
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
	if c.PasswordTemplate == nil {
		c.PasswordTemplate = passwordTemplate
	}
	if c.ForgotTemplate == nil {
		c.ForgotTemplate = forgotTemplate
	}
	if c.ChoiceTemplate == nil {
		c.ChoiceTemplate = choiceTemplate
	}
	return c
}

func (c *Config) prefixedCookieName() string {
	name := cmp.Or(c.CookieName, "ticket")
	name = strings.TrimPrefix(strings.TrimPrefix(name, hostPrefix), securePrefix)
	switch {
	case c.Insecure:
		return name
	case c.BasePath == "":
		return hostPrefix + name
	}
	return securePrefix + name
}

func checkedPath(field, path, fallback string) string {
	if path == "" {
		return fallback
	}
	if target, ok := localTarget(path, pathRules{}); !ok || target != path || strings.Contains(path, "?") {
		panic(fmt.Sprintf("httpguard: Config.%s: %q is not a path of this site", field, path))
	}
	return path
}

// checkedOrigin returns a Site in the form in which browsers write origins.
func checkedOrigin(site string, insecure bool) string {
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
		panic(fmt.Sprintf("httpguard: Config.Site: %q is plain HTTP, over which browsers return no Secure cookie: "+
			"serve TLS, or set Config.Insecure for development", site))
	}
	return u.Scheme + "://" + host
}

func checkedBasePath(path string) string {
	path = strings.TrimSuffix(path, "/")
	if strings.Contains(path, "%") {
		panic(fmt.Sprintf("httpguard: Config.BasePath: %q contains an escape", path))
	}
	return checkedPath("BasePath", path, "")
}

func (c *Config) cookiePath() string { return cmp.Or(c.BasePath, "/") }
