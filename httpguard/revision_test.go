package httpguard

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// TestRevisionIsCarried: a browser sees a change made through one process in
// the next page, which another process serves.
func TestRevisionIsCarried(t *testing.T) {
	one := newService(t, Config{Insecure: true}, plain)
	other := authorityOn(t, struct{ rbac.Store }{one.store})
	g := New(other, quiet(Config{Insecure: true}))
	page := g.Handler(g.Require(rbac.HasPermission("post.write"))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	change := one.g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			must(t, one.a.Update(r.Context(), func(tx *rbac.Tx) error {
				return tx.AssignUser(rbac.Membership{User: "eve", Group: "editors"})
			}))
		}
		http.Redirect(w, r, "/posts/new", http.StatusSeeOther)
	}))
	token, err := one.a.Issue(t.Context(), rbac.Login{User: "eve"})
	must(t, err)
	send := func(h http.Handler, method string, cookies ...*http.Cookie) *http.Response {
		r := httptest.NewRequest(method, "http://example.com/", nil)
		r.AddCookie(&http.Cookie{Name: "ticket", Value: token.Secret()})
		for _, c := range cookies {
			r.AddCookie(c)
		}
		return serve(h, r)
	}
	if got := send(page, "GET").StatusCode; got != 403 {
		t.Fatalf("before: %d", got)
	}
	if got := send(change, "GET"); len(got.Cookies()) != 0 {
		t.Errorf("nothing was changed, and yet %v", got.Cookies())
	}
	carried := send(change, "POST").Cookies()
	if len(carried) != 1 || carried[0].Name != "ticket-revision" || carried[0].Value != one.a.Revision().String() || !carried[0].HttpOnly || carried[0].MaxAge != 10 {
		t.Fatalf("carried is %v", carried)
	}
	if got := send(page, "GET").StatusCode; got != 403 {
		t.Errorf("without the cookie, an hour's staleness: %d", got)
	}
	if got := send(page, "GET", carried[0]).StatusCode; got != 200 {
		t.Errorf("with the cookie: %d", got)
	}
	for _, made := range []string{"", "x", "-1", "1", strconv.FormatUint(1<<63, 10)} { // the last one waits, but not for long
		if got := send(page, "GET", &http.Cookie{Name: "ticket-revision", Value: made}).StatusCode; got != 200 {
			t.Errorf("a made-up revision %q: %d", made, got)
		}
	}
}

// TestRevisionHeader: programs and RPC calls carry the revision in a header. A
// login that returns by GET carries the revision, too. A forged revision is
// awaited once, and not while too many requests wait.
func TestRevisionHeader(t *testing.T) {
	one := newService(t, Config{Insecure: true}, plain)
	g := New(authorityOn(t, struct{ rbac.Store }{one.store}), quiet(Config{Insecure: true}))
	may := rbac.HasPermission("post.write")
	page := g.Handler(g.Require(may)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	token, err := one.a.Issue(t.Context(), rbac.Login{User: "eve"})
	must(t, err)
	bearer := "Bearer " + token.Secret()
	// change adds eve to the editors, or removes eve, and responds as a handler
	// would.
	change := func(line string, assign bool) *http.Response {
		t.Helper()
		return serve(one.g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			must(t, one.a.Update(r.Context(), func(tx *rbac.Tx) error {
				if m := (rbac.Membership{User: "eve", Group: "editors"}); !assign {
					return tx.DeassignUser(m)
				} else {
					return tx.AssignUser(m)
				}
			}))
			if r.Method == http.MethodGet {
				one.g.SetTicket(w, r, token)
			}
		})), request(t, line, "Authorization: "+bearer))
	}
	get := func(rev string) int {
		t.Helper()
		return serve(page, request(t, "GET /", "Authorization: "+bearer, "Rbac-Revision: "+rev)).StatusCode
	}
	call := func(rev string) error {
		_, err := g.Call(t.Context(), "/blog.Posts/Write", map[string][]string{"authorization": {bearer}, "rbac-revision": {rev}}, may)
		return err
	}

	if got := get("0"); got != 403 {
		t.Fatalf("before: %d", got)
	}
	rev := change("POST /", true).Header.Get(RevisionHeader)
	if got := get("0"); got != 403 {
		t.Errorf("without the revision, an hour's staleness: %d", got)
	}
	if err := call(rev); rev != one.a.Revision().String() || err != nil {
		t.Errorf("a call with the revision %q: %v", rev, err)
	}
	rev = change("PUT /", false).Header.Get(RevisionHeader)
	if got := get(rev); got != 403 {
		t.Errorf("a request with the revision: %d", got)
	}
	back := change("GET /callback", true)
	if cookies := back.Cookies(); len(cookies) != 2 || cookies[1].Name != "ticket-revision" || cookies[1].Value != one.a.Revision().String() {
		t.Errorf("a login by GET carries %v", cookies)
	}
	for range cap(g.revisionWaiters) {
		g.revisionWaiters <- struct{}{}
	}
	if got := get(back.Header.Get(RevisionHeader)); got != 403 {
		t.Errorf("where too many wait already, nobody else does: %d", got)
	}
	for range cap(g.revisionWaiters) {
		<-g.revisionWaiters
	}
	r := request(t, "GET /", "Authorization: "+bearer, "Cookie: ticket-revision="+strconv.FormatUint(1<<63, 10))
	if cookies := serve(page, r).Cookies(); len(cookies) != 0 || g.unseenRevision.Load() != 1<<63 {
		t.Errorf("a made-up revision is answered with %v, or would be waited for again", cookies)
	}
	r = request(t, "GET /", "Cookie: ticket-revision=1; ticket-revision=x; ticket-revision="+one.a.Revision().String(), "Cookie: ticket-revision=2")
	if got := g.requestRevision(r); got != one.a.Revision() {
		t.Errorf("of several revisions %v is awaited, want the latest, %v", got, one.a.Revision())
	}
}

// An anonymous client learns no revision, and waits for none: the changes of
// others are none of its business.
func TestRevisionIsForUsers(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	changes := s.g.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		must(t, s.a.Update(context.WithoutCancel(r.Context()), func(tx *rbac.Tx) error {
			return errors.Join(tx.AssignUser(rbac.Membership{User: "eve", Group: "editors"}), tx.DeassignUser(rbac.Membership{User: "eve", Group: "editors"}))
		}))
	}))
	for _, made := range []string{"X-Nothing: 1", "Cookie: ticket=" + strings.Repeat("A", 43), "Authorization: Bearer " + strings.Repeat("A", 43)} {
		resp := serve(changes, request(t, "POST /", made))
		if resp.Header.Get(RevisionHeader) != "" || len(resp.Cookies()) > 0 {
			t.Errorf("%s: the response has a revision: %v", made, resp.Header)
		}
		next := strconv.FormatUint(uint64(s.a.Revision())+1, 10)
		serve(changes, request(t, "GET /", made, "Rbac-Revision: "+next))
		if s.g.unseenRevision.Load() != 0 {
			t.Errorf("%s: the request waited for a revision", made)
		}
	}
}

// A request with a revision that is reached while the request is identified is
// identified again: the first time may have read the state before.
func TestRevisionReachedMeanwhile(t *testing.T) {
	one := newService(t, Config{Insecure: true}, plain)
	other := authorityOn(t, struct{ rbac.Store }{one.store})
	cfg := quiet(Config{Insecure: true})
	times := 0
	cfg.Identify = func(r *http.Request) (*rbac.Identity, error) {
		id, err := other.Identity(r.Context(), "eve")
		if times++; times == 1 {
			// The process follows the change between the two.
			_, fault := other.Identify(rbac.AtLeast(r.Context(), one.a.Revision()), rbac.Token{})
			err = errors.Join(err, fault)
		}
		return id, err
	}
	g := New(other, cfg)
	page := g.Handler(g.Require(rbac.HasPermission("post.write"))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	if got := serve(page, request(t, "GET /")).StatusCode; got != 403 {
		t.Fatalf("before: %d", got)
	}
	times = 0
	must(t, one.a.Update(t.Context(), func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "eve", Group: "editors"})
	}))
	got := serve(page, request(t, "GET /", "Rbac-Revision: "+one.a.Revision().String())).StatusCode
	if got != 200 || times != 2 {
		t.Errorf("the request is answered with %d after %d identifications, want 200 after 2", got, times)
	}
}

// A request with two live tickets, of which another process has ended one, waits
// for that change as the requests of known users do.
func TestRevisionOfTwoTickets(t *testing.T) {
	one := newService(t, Config{Insecure: true}, plain)
	g := New(authorityOn(t, struct{ rbac.Store }{one.store}), quiet(Config{Insecure: true}))
	page := g.Handler(g.Require(rbac.IsUser("eve"))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	old, err := one.a.Issue(t.Context(), rbac.Login{User: "eve"})
	must(t, err)
	current, err := one.a.Issue(t.Context(), rbac.Login{User: "eve"})
	must(t, err)
	cookies := "Cookie: ticket=" + old.Secret() + "; ticket=" + current.Secret()
	if got := serve(page, request(t, "GET /", cookies)).StatusCode; got == 200 {
		t.Fatal("of two live tickets one counts")
	}
	must(t, one.a.Logout(t.Context(), old))
	if got := serve(page, request(t, "GET /", cookies, "Rbac-Revision: "+one.a.Revision().String())).StatusCode; got != 200 {
		t.Errorf("the request is answered with %d, want 200: one ticket is left", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// authorityOn opens an Authority that follows changes of other processes after
// an hour, or on demand.
func authorityOn(t *testing.T, s rbac.Store) *rbac.Authority {
	t.Helper()
	cfg := quiet(Config{})
	a, err := rbac.Open(t.Context(), s, rbac.Config{Logger: cfg.Logger, MaxStaleness: 60 * 60 * 1e9})
	must(t, err)
	t.Cleanup(func() { a.Close() })
	return a
}
