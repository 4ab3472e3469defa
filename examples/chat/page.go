package main

import (
	"embed"
	"html/template"
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/web"
)

//go:embed templates/*.html style.css chat.js
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.Local().Format("15:04") },
}).ParseFS(files, "templates/*.html"))

// page is the data of a template. Handlers set the first part, and show sets
// the second.
type page struct {
	Title  string
	Status int    // zero: 200
	Alert  string // what went wrong
	Data   any    // the subject of the page

	User  string // the user who is logged in
	Login string // the URL for signing in as another user and coming back
}

// show answers with a page.
func (c *chat) show(w http.ResponseWriter, r *http.Request, name string, p page) {
	p.User, p.Login = rbac.FromContext(r.Context()).User(), c.guard.LoginURL(r)
	if err := web.WritePage(w, templates, name, p.Status, p); err != nil {
		c.guard.Deny(w, r, err)
	}
}
