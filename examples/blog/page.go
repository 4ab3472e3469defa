package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
)

//go:embed templates/*.html style.css
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"date": func(t time.Time) string { return t.Local().Format("2 January 2006, 15:04") },
}).ParseFS(files, "templates/*.html"))

// page is what a template is executed with. Handlers set the first part, show the other.
type page struct {
	Title  string
	Status int    // zero: 200
	Alert  string // what went wrong
	Data   any    // what the page is about

	User  string // who is logged in
	Menu  []menuSection
	Login string // where to become somebody else, and come back
}

type menuSection struct {
	Title string
	Links []link
}

type link struct {
	Title, Href string
	Current     bool
}

// show answers with a page. It is executed into a buffer first, so that a fault is a 500 and not half a page.
func (b *blog) show(w http.ResponseWriter, r *http.Request, name string, p page) {
	id := rbac.FromContext(r.Context())
	p.User, p.Menu, p.Login = id.User(), b.menu(id, r.URL.Path), b.guard.LoginURL(r)
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, name, p); err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store") // it shows who is logged in
	if p.Status != 0 {
		w.WriteHeader(p.Status)
	}
	_, _ = body.WriteTo(w)
}

// menu is made of the permissions that the user has. What it leaves out is guarded all the same.
func (b *blog) menu(id *rbac.Identity, path string) []menuSection {
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
	return menu
}
