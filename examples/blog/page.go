package main

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/web"
)

//go:embed templates/*.html style.css
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"date": func(t time.Time) string { return t.Local().Format("2 January 2006, 15:04") },
	"hour": func(t time.Time) string { return t.Local().Format("15:04") },
}).ParseFS(files, "templates/*.html"))

// page is the data of a template. Handlers set the first part, and show sets
// the second.
type page struct {
	Title  string
	Status int    // zero: 200
	Alert  string // what went wrong
	Data   any    // the subject of the page

	User  string // the user who is logged in
	Menu  []menuSection
	Login string // the URL for signing in as another user and coming back
}

type menuSection struct {
	Title string
	Links []link
}

type link struct {
	Title, Href string
	Current     bool
}

// show answers with a page.
func (b *blog) show(w http.ResponseWriter, r *http.Request, name string, p page) {
	id := rbac.FromContext(r.Context())
	delegate, err := b.isDelegate(r.Context(), id)
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	p.User, p.Menu, p.Login = id.User(), b.menu(id, r.URL.Path, delegate), b.guard.LoginURL(r)
	if err := web.WritePage(w, templates, name, p.Status, p); err != nil {
		b.guard.Deny(w, r, err)
	}
}

// isDelegate reports whether there is a group that the user may give: the
// console lets delegates in, too.
func (b *blog) isDelegate(ctx context.Context, id *rbac.Identity) (is bool, err error) {
	if id.IsAnonymous() || id.HasPermission(config.Administer) {
		return false, nil
	}
	err = b.authority.View(ctx, func(tx *rbac.Tx) error {
		scopes, err := tx.AssignableScopes(id)
		is = len(scopes) > 0
		return err
	})
	return is, err
}

// menu returns the links that the user's permissions lead to, the desks that
// the user may staff, and for delegates the console. Pages that the menu leaves
// out are guarded all the same.
func (b *blog) menu(id *rbac.Identity, path string, delegate bool) []menuSection {
	var menu []menuSection
	for _, section := range b.authority.Menu(id) {
		s := menuSection{Title: section.Title}
		for _, p := range section.Permissions {
			if href, ok := pages[p.Name]; ok {
				s.Links = append(s.Links, link{p.Title, href, href == path})
			}
		}
		if s.Links != nil {
			menu = append(menu, s)
		}
	}
	staff := menuSection{Title: "Desks"}
	for _, d := range desks {
		if href := "/desks/" + d.Name; rbac.Met(id, mayStaff(d)) {
			staff.Links = append(staff.Links, link{d.Title, href, href == path})
		}
	}
	if delegate {
		staff.Links = append(staff.Links, link{"Users and groups", pages["manage"], false})
	}
	if staff.Links != nil {
		menu = append(menu, staff)
	}
	return menu
}
