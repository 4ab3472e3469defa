package console

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// The route of the console is open to administrators and delegates, whatever
// rule the host has around the console: View as and Why add the console's own
// rule, also behind StripPrefix.
func TestRouteOfTheConsole(t *testing.T) {
	strip := func(h http.Handler) http.Handler { return http.StripPrefix("/admin", h) }
	for name, s := range map[string]*site{
		"mounted": newSite(t), "below a prefix": mountedAt(t, "/admin/", Config{Path: "/"}, strip),
	} {
		s.update(func(tx *rbac.Tx) error {
			if _, err := tx.AddUser(rbac.User{Name: "off", Disabled: true}); err != nil {
				return err
			}
			return tx.AssignUser(rbac.Membership{User: "off", Group: "admins"})
		})
		for _, c := range []struct{ user, may, why, because string }{
			{"amy", "yes", "Yes. ", "admins gives rbac.administer"},
			{"lea", "yes", "Yes. The user may give groups, by a delegation.", "the user is lea"},
			{"bob", "no", "No. The console lets in administrators and delegates only, and the user is neither.", "needs rbac.administer"},
			{"off", "", "No. ", "disabled"},
		} {
			if c.may != "" {
				checkText(t, s.get("amy", "view-as?user="+c.user), "/admin/"+c.may+"not_anonymous() The console lets in administrators and delegates only.")
			}
			for _, route := range []string{"/admin/", "GET /admin/users"} {
				page := s.get("amy", whyPage("user", c.user, "route", route))
				checkText(t, page, c.why, c.because, "The rule of /admin/: not_anonymous()")
				checkPage(t, "why", page)
			}
		}
		if got := strings.Count(textOf(s.get("amy", "view-as?user=bob").text), "The console lets in"); got != 1 {
			t.Errorf("%s: %d routes are those of the console, want 1", name, got)
		}
		if page := s.get("amy", whyPage("user", "nobody", "route", "/admin/")); page.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", name, page.StatusCode)
		}
	}
}

// A rule of the host that keeps a user out keeps out administrators, too.
func TestRouteOfTheConsoleHasTwoRules(t *testing.T) {
	s := newSite(t)
	g := s.guard()
	mux := g.NewMux()
	cfg := s.cfg
	cfg.Mux = mux
	h := must1(New(g, s.a, cfg))
	mux.Handle("GET /admin/", rbac.Any(rbac.IsUser("amy"), rbac.IsUser("bob")), h)
	s.h = g.Handler(mux)
	s.update(func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "otto", Group: "admins"})
	})
	for user, want := range map[string]string{"amy": "yes", "bob": "no", "otto": "no", "lea": "no"} {
		checkText(t, s.get("amy", "view-as?user="+user), "GET /admin/"+want)
		checkText(t, s.get("amy", whyPage("user", user, "route", "/admin/x")), map[string]string{"yes": "Yes. ", "no": "No. "}[want])
	}
}

// The link to the host's own pages leads below the BasePath.
func TestHomeBelowTheBasePath(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct{ base, home, want string }{
		{"", "", "/"}, {"/blog", "", "/blog/"}, {"/blog", "/elsewhere", "/elsewhere"},
	} {
		g := httpguard.New(s.a, httpguard.Config{Insecure: true, Logger: slog.New(slog.DiscardHandler), Site: "https://app.example.com", BasePath: c.base})
		mux := g.NewMux()
		mux.Handle("/admin/", rbac.NotAnonymous(), must1(New(g, s.a, Config{Home: c.home})))
		s.h = g.Handler(mux)
		if got := hrefOf(t, s.get("amy", ""), "Administration"); got != c.want {
			t.Errorf("below %q, with the Home %q: %q, want %q", c.base, c.home, got, c.want)
		}
	}
}

// A program made what nobody named made: the permission of administrators, which
// Open adds, and the records of Declare.
func TestMadeByTheProgram(t *testing.T) {
	s := newSite(t)
	page := s.get("amy", "permissions")
	checkText(t, page, "rbac.administerAdministeradminsbuilt in", "post.readRead posts")
	checkText(t, s.get("amy", "permission?name=rbac.administer"), "Built in: the program adds this permission when it starts.",
		"The program added the permission rbac.administer the permission of administrators")
	s.update(func(tx *rbac.Tx) error { return second(tx.AddPermission(rbac.Permission{Name: "post.burn"})) })
	checkText(t, s.get("amy", "permissions"), "post.burnadmins, editorsnot declared")
	checkText(t, s.get("amy", "changes?subject=readers"), "The program gave readers to bob in org:1", "console.test granted post.read to readers")
	if text := s.get("amy", "changes").text; strings.Contains(text, "Somebody") {
		t.Errorf("the change log names somebody:\n%s", textOf(text))
	}
	// Within a sentence.
	before := s.a.Revision()
	must(t, s.a.Update(ctx, func(tx *rbac.Tx) error {
		return tx.DeassignUser(rbac.Membership{User: "bob", Group: "readers"})
	}))
	page = s.post("amy", "change", "do", "disable", "user", "bob", "since", fmt.Sprint(before), "back", "users")
	checkText(t, page, "Meanwhile, the program took readers from bob")
}
