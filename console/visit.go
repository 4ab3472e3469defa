package console

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// A visit is a request to the console, with the person who makes the request.
type visit struct {
	c      *console
	w      http.ResponseWriter
	r      *http.Request
	id     *rbac.Identity
	access access
	page   string // the name of the page
	title  string // the key of the page's title
	lang   *texts
	zone   *time.Location
	now    time.Time // of the View that has read the page

	scope  string       // of the page, for delegates; see readScope
	groups []rbac.Group // that a delegate may assign in scope
}

// enter sets the language, the zone and the access, or returns the error that
// denies the visit.
func (v *visit) enter() error {
	v.readSettings()
	if err := rbac.Check(v.id, rbac.NotAnonymous()); err != nil {
		return err
	}
	if !v.id.BelongsTo(v.c.auth) {
		// Names of permissions mean nothing in an Identity of somebody else.
		return fmt.Errorf("%w: the Identity belongs to another Authority", rbac.ErrDenied)
	}
	return v.c.auth.View(v.r.Context(), func(tx *rbac.Tx) (err error) {
		v.now = tx.Now()
		v.access, err = accessOf(tx, v.c.auth, v.id)
		return err
	})
}

// read reads the records of a page into a D. A store may run the function more
// than once, so each run begins with a zero D: f must write to nothing else.
func read[D any](v *visit, f func(tx *rbac.Tx, d *D) error) (D, error) {
	var d D
	err := v.c.auth.View(v.r.Context(), func(tx *rbac.Tx) error {
		d = *new(D)
		v.now = tx.Now()
		return f(tx, &d)
	})
	return d, err
}

// collect returns the records of a list.
func collect[T any](list iter.Seq2[T, error]) (rows []T, err error) {
	for row, err := range list {
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// lastChanges returns the last changes of a record, or of all records.
func lastChanges(tx *rbac.Tx, subject string) ([]rbac.Change, error) {
	return collect(tx.Changes(rbac.ChangeQuery{Subject: subject, Newest: true, Limit: shownRows}))
}

// query returns a parameter of the page.
func (v *visit) query(name string) string { return strings.TrimSpace(v.r.URL.Query().Get(name)) }

// form returns a field of a form that was sent.
func (v *visit) form(name string) string { return strings.TrimSpace(v.r.PostForm.Get(name)) }

// show shows a page. Data is what the template of the page calls .Data.
func (v *visit) show(status int, name string, f frame) error {
	f.visit = v
	if f.Title == "" {
		f.Title = v.T(v.title)
	}
	f.Nav = v.navigation()
	if f.Message == nil && v.r.Method != http.MethodPost {
		f.Message = v.message()
	}
	var b bytes.Buffer
	if err := parsed[name].ExecuteTemplate(&b, "layout", f); err != nil {
		return err
	}
	v.setHeaders("text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = b.WriteTo(v.w)
	return nil
}

// setHeaders sets the headers of every response.
func (v *visit) setHeaders(contentType string) {
	h := v.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Language", v.lang.tag.String())
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
}

// redirect sends the browser to a page of the console after a form (303). The
// address is relative: the console need not know the path of a proxy.
func (v *visit) redirect(page string) {
	v.setHeaders("text/html; charset=utf-8")
	v.w.Header().Set("Location", link(page))
	v.w.WriteHeader(http.StatusSeeOther)
}

// link returns the relative address of a page. All pages are in one folder, so
// an address is just the name. An empty name needs the dot.
func link(page string) string {
	if page == "" || page[0] == '?' {
		return "./" + page
	}
	return page
}

// address returns the address of a page with parameters, given as pairs.
func address(page string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return link(page)
	}
	return link(page + "?" + q.Encode())
}

// back returns the page to which a form leads back: a page of the console, or
// otherwise the overview.
func (v *visit) back() string {
	u, err := url.Parse(v.form("back"))
	if err != nil {
		return ""
	}
	if p, ok := v.c.pages[u.Path]; !ok || p.get == nil {
		return ""
	}
	q := u.Query()
	q.Del("done")
	if len(q) == 0 {
		return u.Path
	}
	return u.Path + "?" + q.Encode()
}

// fail shows an error as a page, in the words of the console.
func (v *visit) fail(err error) {
	status := httpguard.Status(err)
	if status == http.StatusUnauthorized || status >= http.StatusInternalServerError {
		v.c.guard.Deny(v.w, v.r, err) // which also logs the error
		return
	}
	f := frame{Title: v.T("error." + statusKey(status)), Data: failure{Text: v.sayError(err), Back: v.back()}}
	if fault := v.show(status, "error", f); fault != nil {
		v.c.guard.Deny(v.w, v.r, errors.Join(err, fault))
	}
}

func statusKey(status int) string {
	switch status {
	case http.StatusForbidden:
		return "denied"
	case http.StatusNotFound:
		return "not found"
	case http.StatusConflict:
		return "conflict"
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		return "invalid"
	case http.StatusTooManyRequests:
		return "throttled"
	}
	return "invalid"
}

// failure is the data of the page of an error.
type failure struct {
	Text string
	Back string
}
