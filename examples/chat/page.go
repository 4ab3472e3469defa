package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

//go:embed templates/*.html style.css chat.js
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.Local().Format("15:04") },
}).ParseFS(files, "templates/*.html"))

// page is what a template is executed with. Handlers set the first part, show the other.
type page struct {
	Title  string
	Status int    // zero: 200
	Alert  string // what went wrong
	Data   any    // what the page is about

	User  string // who is logged in
	Login string // where to become somebody else, and come back
}

// show answers with a page. It is executed into a buffer first, so that a fault is a 500 and not half a page.
func (c *chat) show(w http.ResponseWriter, r *http.Request, name string, p page) {
	p.User, p.Login = rbac.FromContext(r.Context()).User(), c.guard.LoginURL(r)
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, name, p); err != nil {
		c.guard.Deny(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store") // it shows who is logged in
	if p.Status != 0 {
		w.WriteHeader(p.Status)
	}
	_, _ = body.WriteTo(w)
}

// wantsPage is false for programs, and for our script.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }
