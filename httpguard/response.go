package httpguard

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
)

// response is a short response of the Guard itself: a page for browsers, a
// problem document (RFC 9457) for programs.
type response struct {
	Status     int
	Detail     string // full sentences for the user
	SignedInAs string // the current user, shown to browsers only
	LoginURL   string // the target of a link to sign in as someone else
	Heading    string // of the page; empty: Title
}

// Title returns the name of the status.
func (resp response) Title() string { return http.StatusText(resp.Status) }

// respond sends a page or a problem document.
func (g *Guard) respond(w http.ResponseWriter, r *http.Request, resp response) {
	if isBrowser(r) {
		g.sendPage(w, resp.Status, responseTemplate, resp)
		return
	}
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
	}{"about:blank", resp.Title(), resp.Status, resp.Detail})
	if err != nil {
		http.Error(w, resp.Title(), resp.Status)
		return
	}
	setPageHeaders(w.Header(), "application/problem+json")
	w.WriteHeader(resp.Status)
	_, _ = w.Write(body)
}

// sendPage executes a template into a buffer first: a fault in the template is
// a 500, and no half-written page. Pages of the host keep their own
// Content-Security-Policy.
func (g *Guard) sendPage(w http.ResponseWriter, status int, t *template.Template, data any) {
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		g.logger().Error("httpguard: executing a template", "error", err.Error())
		setPageHeaders(w.Header(), "text/plain")
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	setPageHeaders(w.Header(), "text/html; charset=utf-8")
	if t == loginTemplate || t == choiceTemplate || t == passwordTemplate || t == forgotTemplate || t == responseTemplate {
		w.Header().Set("Content-Security-Policy", contentSecurityPolicy)
	}
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// methodNotAllowed answers 405; allowed is the value of the Allow header.
func (g *Guard) methodNotAllowed(w http.ResponseWriter, r *http.Request, allowed string) {
	w.Header().Set("Allow", allowed)
	g.respond(w, r, response{Status: http.StatusMethodNotAllowed,
		Detail: "This address does not accept the method of the request. Use one of: " + allowed + "."})
}

// redirect sends a browser to the target, to be requested with GET.
func redirect(w http.ResponseWriter, r *http.Request, target string) {
	removeBodyHeaders(w.Header())
	http.Redirect(w, r, target, http.StatusSeeOther)
}

func setPageHeaders(h http.Header, contentType string) {
	removeBodyHeaders(h)
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// The origin alone: the address of the page for a password is a secret. With
	// no referrer at all, browsers also hide the origin of the form, and those
	// without Fetch Metadata could not prove that the form is of this site.
	h.Set("Referrer-Policy", "strict-origin")
}

// removeBodyHeaders removes the headers in which a handler may have described
// another body.
func removeBodyHeaders(h http.Header) {
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Disposition", "Content-Type", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
}

const style = `
body{font:1rem/1.5 system-ui,sans-serif;color:#1b1b1b;background:#f4f4f2;margin:0}
main{max-width:24rem;margin:12vh auto 0;padding:1.5rem 2rem 2rem;background:#fff;border:1px solid #d0d0cc;border-radius:.5rem}
h1{font-size:1.4rem;margin:0 0 1rem}
label{display:block;font-weight:600;margin-bottom:.25rem}
fieldset{border:1px solid #d0d0cc;border-radius:.25rem;margin:0 0 1rem;padding:.25rem 1rem}
fieldset label{font-weight:400;margin:0}
input:not([type=checkbox]){box-sizing:border-box;width:100%;font:inherit;padding:.5rem;border:1px solid #6b6b66;border-radius:.25rem}
button{font:inherit;font-weight:600;padding:.5rem 1.25rem;color:#fff;background:#1d4f91;border:0;border-radius:.25rem}
input:focus-visible,button:focus-visible,a:focus-visible{outline:3px solid #e08a00;outline-offset:2px}
[role=alert]{padding:.5rem .75rem;border-left:4px solid #b3261e;background:#fbeae9}
@media (prefers-color-scheme:dark){body{color:#eee;background:#191919}main{background:#242424;border-color:#444}
input{color:#eee;background:#191919;border-color:#999}[role=alert]{background:#4a2220}a{color:#9cc3ff}}
`

// contentSecurityPolicy lets a page load nothing except the style above, send
// forms to this site only, and appear in no frame.
var contentSecurityPolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}()

const pageHead = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>` + style + `</style>
`

var responseTemplate = template.Must(template.New("response").Parse(pageHead + `<title>{{or .Heading .Title}}</title>
</head>
<body>
<main>
<h1>{{or .Heading .Title}}</h1>
<p>{{.Detail}}</p>
{{with .SignedInAs}}<p>You are signed in as {{.}}.</p>
{{end}}{{with .LoginURL}}<p><a href="{{.}}">Sign in as someone else</a></p>
{{end}}</main>
</body>
</html>
`))
