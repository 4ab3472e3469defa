package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/console"
	"github.com/rbac-go/rbac/examples/internal/web"
	"github.com/rbac-go/rbac/httpguard"
)

// blog has the values that its pages need.
type blog struct {
	authority *rbac.Authority
	guard     *httpguard.Guard
	posts     posts
	out       io.Writer // in place of mail
}

// newBlog returns the blog at an address, such as http://127.0.0.1:8080.
func newBlog(a *rbac.Authority, p posts, site string, out io.Writer) *blog {
	b := &blog{authority: a, posts: p, out: out}
	b.guard = httpguard.New(a, httpguard.Config{
		Site:             site, // the links in mails begin with the site
		Insecure:         true, // plain HTTP, to this computer only. Unsafe everywhere else.
		LoginTemplate:    templates.Lookup("login.html"),
		ForgotTemplate:   templates.Lookup("forgot.html"),
		PasswordTemplate: templates.Lookup("password.html"),
		Denied:           b.denied,
		Remember:         true, // the login page offers to stay signed in
		ShowGroups:       true, // denied users read which group to ask for; the groups of a blog are no secret
	})
	return b
}

// administration returns the console, which also explains the routes of the mux.
func (b *blog) administration(mux *httpguard.Mux) http.Handler {
	h, err := console.New(b.guard, b.authority, console.Config{Name: "Blog administration", Logout: "/logout", Catalogue: &catalogue, Mux: mux})
	if err != nil {
		panic(err) // a fault of this function: the configuration is constant
	}
	return h
}

// routes decides who may do what: every pattern has a predicate or is Public.
// The handler is the mux behind the middleware, and beside the mux the answer to
// probes, which need not be a proper request of a browser.
func (b *blog) routes() (*httpguard.Mux, http.Handler) {
	var (
		writers = rbac.HasPermission("post.write")
		users   = rbac.NotAnonymous()
	)
	mux := b.guard.NewMux()
	mux.Public("GET /{$}", http.HandlerFunc(b.home))
	mux.Public("GET /posts/{id}", http.HandlerFunc(b.readPost))
	mux.Handle("GET /posts/new", writers, http.HandlerFunc(b.newPost))
	mux.Handle("POST /posts/new", writers, http.HandlerFunc(b.addPost))
	mux.HandleRule("GET /posts/{id}/edit", b.mayEdit, http.HandlerFunc(b.editPost))
	mux.HandleRule("POST /posts/{id}/edit", b.mayEdit, http.HandlerFunc(b.changePost))
	for _, edit := range []string{"GET /posts/{id}/edit", "POST /posts/{id}/edit"} {
		mux.Describe(edit, rbac.HasPermission("post.edit").String()+", in the desk of the post, or the author")
	}
	mux.HandleRule("GET /desks/{desk}", b.mayStaff, http.HandlerFunc(b.showDesk))
	mux.HandleRule("POST /desks/{desk}", b.mayStaff, http.HandlerFunc(b.changeDesk))
	for _, staff := range []string{"GET /desks/{desk}", "POST /desks/{desk}"} {
		mux.Describe(staff, rbac.HasPermission("desk.staff").String()+", in the desk, or "+rbac.HasPermission("manage").String())
	}
	mux.Handle("GET /me", users, http.HandlerFunc(b.account))
	mux.Handle("POST /me/tickets", users, http.HandlerFunc(b.endTicket))
	mux.Handle("POST /me/password", users, http.HandlerFunc(b.changePassword))
	mux.Handle("/admin/", users, b.administration(mux)) // the console decides who gets in: managers, and heads of desks
	mux.Public("/login", b.guard.LoginHandler())
	mux.Public("/logout", b.guard.LogoutHandler())
	mux.Public("/forgot", b.guard.ForgotHandler(b.sendLink))
	mux.Public("/password", b.guard.PasswordHandler())
	mux.Public("GET /style.css", http.FileServerFS(files))
	root := http.NewServeMux()
	root.Handle("/readyz", httpguard.Health(b.authority))
	root.Handle("/", b.guard.Handler(web.Forms(1<<20, mux)))
	return mux, web.Headers(contentPolicy, root)
}

// contentPolicy lets pages load nothing but our style, run no script, and be
// framed by nobody.
const contentPolicy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// sendLink prints the link for a new password. A real service mails the link to
// u.Email.
func (b *blog) sendLink(_ context.Context, u rbac.User, url string) error {
	_, err := fmt.Fprintf(b.out, "mail to %s: choose a new password at %s\n", u.Name, url)
	return err
}
