package main

import (
	"net/http"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// blog holds what its pages need.
type blog struct {
	authority *rbac.Authority
	guard     *httpguard.Guard
	posts     posts
}

func newBlog(a *rbac.Authority, p posts) *blog {
	b := &blog{authority: a, posts: p}
	b.guard = httpguard.New(a, httpguard.Config{
		Insecure:      true, // plain HTTP, to this computer only. Unsafe everywhere else.
		LoginTemplate: templates.Lookup("login.html"),
		Denied:        b.denied,
		ShowGroups:    true, // so that people know what to ask the manager for; the groups of a blog are no secret
	})
	return b
}

// routes says who may do what: no pattern without a predicate, unless it is Public.
// The handler is the mux behind everything that must come before it.
func (b *blog) routes() (*httpguard.Mux, http.Handler) {
	var (
		writers  = rbac.HasPermission("post.write")
		managers = rbac.HasPermission("manage")
		users    = rbac.NotAnonymous()
	)
	mux := b.guard.NewMux()
	mux.Public("GET /{$}", http.HandlerFunc(b.home))
	mux.Public("GET /posts/{id}", http.HandlerFunc(b.readPost))
	mux.Handle("GET /posts/new", writers, http.HandlerFunc(b.newPost))
	mux.Handle("POST /posts/new", writers, http.HandlerFunc(b.addPost))
	mux.HandleRule("GET /posts/{id}/edit", b.mayEdit, http.HandlerFunc(b.editPost))
	mux.HandleRule("POST /posts/{id}/edit", b.mayEdit, http.HandlerFunc(b.changePost))
	for _, edit := range []string{"GET /posts/{id}/edit", "POST /posts/{id}/edit"} {
		mux.Describe(edit, rbac.HasPermission("post.edit").String()+" or the author")
	}
	mux.Handle("GET /me", users, http.HandlerFunc(b.account))
	mux.Handle("POST /me/tickets", users, http.HandlerFunc(b.endTicket))
	mux.Handle("POST /me/password", users, http.HandlerFunc(b.changePassword))
	mux.Handle("/admin", managers, b.admin())
	mux.Handle("/admin/", managers, b.admin()) // the whole subtree
	mux.Public("/login", b.guard.LoginHandler())
	mux.Public("/logout", b.guard.LogoutHandler())
	mux.Public("GET /style.css", http.FileServerFS(files))
	return mux, headers(b.guard.Handler(forms(mux)))
}

// headers lets pages load nothing but our style, run no script, and be framed by nobody.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// forms reads what was sent, so that handlers find it in r.PostForm.
func forms(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "What you sent could not be read: "+err.Error(), http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
