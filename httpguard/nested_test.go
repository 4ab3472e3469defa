package httpguard

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// twoGuards returns the services of a shop and of its back office, each with an
// Authority and a store of its own. In both, amy is an editor and eve is in no
// group.
func twoGuards(t *testing.T, shop Config) (shopService, office *service) {
	shop.Insecure, shop.CookieName = true, "shop"
	return newService(t, shop, plain), newService(t, Config{Insecure: true, CookieName: "office"}, plain)
}

func (s *service) cookie(t *testing.T, user string) string {
	t.Helper()
	if user == "" {
		return ""
	}
	token, err := s.a.Issue(t.Context(), rbac.Login{User: user})
	must(t, err)
	return s.g.cfg.CookieName + "=" + token.Secret()
}

// TestNestedGuards: in any order of two Handlers, each Guard judges by tickets
// of its own Authority alone. The handler and the change log see the judged
// user.
func TestNestedGuards(t *testing.T) {
	shopSays := ""
	shop, office := twoGuards(t, Config{Identify: func(*http.Request) (*rbac.Identity, error) {
		if shopSays == "" {
			return nil, nil
		}
		return rbac.NewIdentity(shopSays, []string{"editors"}, []string{"post.write"}), nil
	}})
	may := rbac.HasPermission("post.write")
	var served *rbac.Identity
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served = rbac.FromContext(r.Context())
		must(t, office.a.Update(r.Context(), func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: uuid.NewString()}) }))
	})
	authorized := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if office.g.Authorize(w, r, may) {
			office.g.Require(rbac.NotAnonymous())(page).ServeHTTP(w, r)
		}
	})
	mux := office.g.NewMux()
	mux.Handle("/", may, page)
	shopInside := func(h http.Handler) http.Handler { return office.g.Handler(shop.g.Handler(h)) }
	for order, h := range map[string]http.Handler{
		"office inside":       shop.g.Handler(office.g.Handler(office.g.Require(may)(page))),
		"shop inside":         shopInside(office.g.Require(may)(page)),
		"shop inside, by Mux": shopInside(mux),
		"shop inside, by rule": shopInside(office.g.RequireFunc(func(r *http.Request) (rbac.Predicate, error) {
			return rbac.All(may, rbac.IsUser(rbac.FromContext(r.Context()).User())), nil
		})(page)),
		"shop inside, by Authorize": shopInside(authorized),
		"shop guards, too":          shopInside(shop.g.Require(rbac.Any(rbac.IsAnonymous(), rbac.NotAnonymous()))(office.g.Require(may)(page))),
	} {
		for _, c := range []struct {
			shop, says, office string
			status             int
		}{
			{"amy", "", "", 401},
			{"amy", "", "eve", 403},
			{"eve", "", "amy", 200},
			{"", "", "amy", 200},
			{"", "", "", 401},
			{"", "amy", "", 401},
			{"", "amy", "eve", 403},
			{"", "eve", "amy", 200},
		} {
			served, shopSays = nil, c.says
			cookies := "Cookie: " + shop.cookie(t, c.shop) + "; " + office.cookie(t, c.office)
			resp := serve(h, request(t, "GET /", cookies))
			if resp.StatusCode != c.status {
				t.Errorf("%s, as %q to the shop, which says %q, and %q to the office: status %d, want %d", order, c.shop, c.says, c.office, resp.StatusCode, c.status)
			}
			if ok := c.status == 200; (served != nil) != ok || ok && (!served.BelongsTo(office.a) || served.User() != c.office) {
				t.Errorf("%s, as %+v: served %v", order, c, served)
			}
			if last := lastChange(t, office.a); c.status == 200 && (last.Actor != c.office || !last.Verified) {
				t.Errorf("%s, as %+v: the change log names %q, verified %v", order, c, last.Actor, last.Verified)
			}
			page := body(t, serve(h, request(t, "GET /", cookies, "Accept: "+browserAccept)))
			if c.status == 403 && !strings.Contains(page, "signed in as "+c.office+".") {
				t.Errorf("%s, as %+v: the page is for somebody else:\n%s", order, c, page)
			}
		}
	}

	shop.store.disconnect()
	shopSays = ""
	if resp := serve(shopInside(office.g.Require(may)(page)), request(t, "GET /", "Cookie: "+shop.cookie(t, "")+"; "+office.cookie(t, "amy"))); resp.StatusCode != 200 {
		t.Errorf("while the shop's store is down: status %d", resp.StatusCode)
	}
}

func lastChange(t *testing.T, a *rbac.Authority) (last rbac.Change) {
	t.Helper()
	must(t, a.View(t.Context(), func(tx *rbac.Tx) error {
		for c, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: 1}) {
			must(t, err)
			last = c
		}
		return nil
	}))
	return last
}

// TestIdentityFromMiddleware: an Identity from middleware counts if this
// Guard's Authority made the Identity, and never widens the permissions of a
// user.
func TestIdentityFromMiddleware(t *testing.T) {
	shop, office := twoGuards(t, Config{})
	identity := func(a *rbac.Authority, user string) *rbac.Identity {
		id, err := a.Identity(t.Context(), user)
		must(t, err)
		return id
	}
	nobody, err := shop.a.Identify(t.Context(), rbac.Token{})
	must(t, err)
	for _, c := range []struct {
		rule   string
		put    *rbac.Identity
		ticket string
		status int
	}{
		{"its own Authority's counts", identity(office.a, "amy"), "", 200},
		{"and in a scope", identity(office.a, "amy").In("org:1"), "eve", 200},
		{"also where it may less", identity(office.a, "eve"), "amy", 403},
		{"another Authority's is disregarded", identity(shop.a, "amy"), "", 401},
		{"and in a scope", identity(shop.a, "amy").In("org:1"), "eve", 403},
		{"the ticket counts then", identity(shop.a, "eve"), "amy", 200},
		{"another Authority's nobody is a mistake", nobody, "amy", 500},
		{"one that the program made is a mistake", rbac.NewIdentity("amy", []string{"editors"}, []string{"post.write"}), "", 500},
		{"also where it may less", rbac.NewIdentity("kiosk", nil, nil), "amy", 500},
		{"and its nobody", rbac.NewIdentity("", nil, nil), "amy", 500},
		{"nil takes away", nil, "amy", 401},
		{"the zero Identity, too", &rbac.Identity{}, "amy", 401},
	} {
		page := &countingHandler{}
		guarded := office.g.Require(rbac.HasPermission("post.write"))(page)
		h := office.g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			guarded.ServeHTTP(w, r.WithContext(rbac.NewContext(r.Context(), c.put)))
		}))
		resp := serve(h, request(t, "GET /", "Cookie: "+office.cookie(t, c.ticket)))
		if resp.StatusCode != c.status || (page.ran == 1) != (c.status == 200) {
			t.Errorf("%s: %v for the ticket of %q: status %d, want %d; the page ran %d times", c.rule, c.put, c.ticket, resp.StatusCode, c.status, page.ran)
		}
	}
}

// TestCallOfAnotherAuthority: a call is identified by a ticket of its own
// Authority, whatever Identity the context holds.
func TestCallOfAnotherAuthority(t *testing.T) {
	shop, office := twoGuards(t, Config{})
	id, err := shop.a.Identity(t.Context(), "amy")
	must(t, err)
	may := rbac.HasPermission("post.write")
	ctx := rbac.NewContext(t.Context(), id)
	if _, err := office.g.Call(ctx, "/posts/write", nil, may); RPCCode(err) != 16 {
		t.Errorf("without a ticket of the office: %v, code %d, want 16", err, RPCCode(err))
	}
	header := map[string][]string{"cookie": {shop.cookie(t, "amy") + "; " + office.cookie(t, "eve")}}
	if _, err := office.g.Call(ctx, "/posts/write", header, may); RPCCode(err) != 7 {
		t.Errorf("as eve of the office: %v, code %d, want 7", err, RPCCode(err))
	}
}
