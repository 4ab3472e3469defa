package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// Config configures a console. The zero Config is a console at /admin/.
type Config struct {
	// Path is where the console is mounted, as in the pattern of the mux:
	// "/admin/". Behind http.StripPrefix, Path is the remaining path: "/". Path
	// begins and ends with a slash. Empty: "/admin/".
	Path string
	// Name is shown at the top of each page, beside the link to Home. Empty:
	// "Administration", in the language of the page.
	Name string
	// Home is the address to which the Name leads: the host's own pages, with the
	// path that browsers request. Empty: "/" below the Guard's Config.BasePath.
	Home string
	// Logout is the address of the host's [httpguard.Guard.LogoutHandler], such
	// as "/logout": each page has a button that signs the person out. Empty: no
	// button.
	Logout string
	// Catalogue is the declaration of the program. A page shows the records
	// that the store lacks, and the records that are not declared. Nil: no such
	// page.
	Catalogue *rbac.Catalogue
	// Mux has the routes of the host, which the pages Why and View as explain.
	// Routes may be registered after New. For the route of the console itself,
	// the pages add the console's own rule. The pages recognise that route by
	// the Pattern of the request: put no other mux between Mux and the console,
	// since the other mux would replace the Pattern. Nil: the pages explain
	// permissions and expressions alone.
	Mux *httpguard.Mux
	// Theme is CSS that is added after the console's own stylesheet, such as
	// ":root { --accent: #7a1f5c }". The console's variables are listed at the
	// beginning of its stylesheet.
	Theme string
	// Texts has texts of the host's own, for other languages or to replace the
	// console's texts: files such as de.txt, with lines "key = text". Keys and
	// arguments are those of the file texts/en.txt of this package. A new
	// language needs the key "language": the name of the language in that
	// language, such as "Deutsch". For a missing text, the console uses its own
	// text in the language, and otherwise the English text. Nil: the built-in
	// languages, English and Chinese.
	Texts fs.FS
}

// console is the handler that New returns. It is safe for concurrent use.
type console struct {
	guard *httpguard.Guard
	auth  *rbac.Authority
	cfg   Config
	pages map[string]page
	files map[string]file // by name, without a slash

	languages languages

	found foundList
}

// A file is the stylesheet, the script or the icon. The version is a digest of
// the data, and a part of the addresses on pages: browsers keep a file until the
// file changes.
type file struct {
	data    []byte
	version string
}

func newFile(data []byte) file {
	sum := sha256.Sum256(data)
	return file{data, hex.EncodeToString(sum[:8])}
}

// A page shows itself with GET, and takes forms with POST. Nil answers 405.
type page struct {
	title     string // the key of its text
	get, post func(*visit) error
	admin     bool // for administrators only, and not for delegates
}

//go:embed templates/*.html
var templates embed.FS

//go:embed assets
var assets embed.FS

// New returns the console of an Authority, for requests that have passed the
// Handler of the Guard g. The Guard must be a Guard of the Authority a. The
// returned handler is safe for concurrent use.
//
// New returns an error for a nil argument, for a Guard without Config.Site,
// which begins the addresses of invitations, and for an invalid Config: a Path
// without its slashes, or faulty Texts.
func New(g *httpguard.Guard, a *rbac.Authority, cfg Config) (http.Handler, error) {
	if g == nil || a == nil {
		return nil, errors.New("console: New needs a Guard and an Authority")
	}
	if g.Site() == "" {
		return nil, errors.New("console: the Guard needs Config.Site, with which the addresses of links begin")
	}
	if cfg.Path == "" {
		cfg.Path = "/admin/"
	}
	if !strings.HasPrefix(cfg.Path, "/") || !strings.HasSuffix(cfg.Path, "/") {
		return nil, fmt.Errorf("console: Config.Path %q does not begin and end with a slash", cfg.Path)
	}
	if cfg.Home == "" {
		cfg.Home = g.BasePath() + "/"
	}
	spoken, err := languagesWith(cfg.Texts)
	if err != nil {
		return nil, err
	}
	c := &console{guard: g, auth: a, cfg: cfg, languages: spoken, files: map[string]file{}}
	for _, name := range []string{"console.css", "console.js", "console.svg"} {
		data, err := fs.ReadFile(assets, "assets/"+name)
		if err != nil {
			return nil, err
		}
		if name == "console.css" {
			data = append(data, cfg.Theme...)
		}
		c.files[name] = newFile(data)
	}
	c.pages = map[string]page{
		"":            {title: "overview", get: c.overview},
		"finding":     {title: "findings", get: c.finding, admin: true},
		"users":       {title: "users", get: c.users},
		"user":        {title: "user", get: c.user},
		"new-user":    {title: "new user", get: c.newUser, post: c.addUser},
		"groups":      {title: "groups", get: c.groups},
		"group":       {title: "group", get: c.group},
		"permissions": {title: "permissions", get: c.permissions, admin: true},
		"sections":    {title: "sections", get: c.sections, admin: true},
		"permission":  {title: "permission", get: c.permission, admin: true},
		"matrix":      {title: "matrix", get: c.matrix, post: c.saveMatrix, admin: true},
		"separation":  {title: "separation", get: c.separation, admin: true},
		"delegations": {title: "delegations", get: c.delegations, admin: true},
		"view-as":     {title: "view as", get: c.viewAs, admin: true},
		"scopes":      {title: "scopes", get: c.scopes, admin: true},
		"sessions":    {title: "sessions", get: c.sessions, admin: true},
		"logins":      {title: "sign-ins", get: c.logins, admin: true},
		"changes":     {title: "changes", get: c.changes, admin: true},
		"why":         {title: "why", get: c.why, admin: true},
		"change":      {title: "change", post: c.change},
		"link":        {title: "link", post: c.link},
		"settings":    {title: "settings", get: c.settings, post: c.saveSettings},
	}
	if cfg.Catalogue != nil {
		c.pages["declared"] = page{title: "declared", get: c.declared, admin: true}
	}
	return c, nil
}

// ServeHTTP serves a page, after the checks that all pages share.
func (c *console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, c.cfg.Path)
	if !ok {
		c.guard.Deny(w, r, rbac.ErrNotFound)
		return
	}
	if f, ok := c.files[name]; ok {
		c.serveFile(w, r, name, f)
		return
	}
	v := &visit{c: c, w: w, r: r, id: rbac.FromContext(r.Context()), page: name}
	if err := v.enter(); err != nil {
		c.guard.Deny(w, r, err)
		return
	}
	p, ok := c.pages[name]
	if !ok {
		v.fail(rbac.ErrNotFound)
		return
	}
	v.title = p.title
	if p.admin && !v.access.admin {
		v.fail(errAdmins)
		return
	}
	serve := p.get
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		serve = p.post
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			v.fail(fmt.Errorf("%w: the form cannot be read", rbac.ErrInvalid))
			return
		}
	default:
		serve = nil
	}
	if serve == nil {
		w.Header().Set("Allow", allow(p))
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	if err := serve(v); err != nil {
		v.fail(err)
	}
}

// maxForm bounds a form in bytes: 500 edits with long names and room to spare.
const maxForm = 1 << 20

func allow(p page) string {
	switch {
	case p.get == nil:
		return "POST"
	case p.post == nil:
		return "GET, HEAD"
	}
	return "GET, HEAD, POST"
}

// serveFile serves the stylesheet, the script or the icon. They hold no secrets, and
// anybody whom the host lets through may load them.
func (c *console) serveFile(w http.ResponseWriter, r *http.Request, name string, f file) {
	types := map[string]string{"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
	h := w.Header()
	h.Set("Content-Type", types[name[strings.LastIndexByte(name, '.')+1:]])
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-cache")
	if r.URL.Query().Get("v") == f.version {
		h.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	_, _ = w.Write(f.data)
}

// parsed holds the templates by page.
var parsed = parse()

func parse() map[string]*template.Template {
	layout := template.Must(template.ParseFS(templates, "templates/layout.html", "templates/parts.html"))
	files, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		panic(err)
	}
	list := map[string]*template.Template{}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		list[name] = template.Must(template.Must(layout.Clone()).ParseFS(templates, file))
	}
	return list
}
