package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/console"
	"github.com/rbac-go/rbac/httpguard"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

const managerPassword = "the manager manages"

// consoleSite is a service with nothing but a console at /admin/ and a login
// page. The user manager is an administrator.
type consoleSite struct {
	*app
	auth *rbac.Authority
}

// startConsole starts a console. The function wrap wraps the whole service; nil
// does nothing.
func startConsole(t *testing.T, cfg console.Config, wrap func(http.Handler) http.Handler) *consoleSite {
	t.Helper()
	chromium(t)
	ctx := t.Context()
	quiet := slog.New(slog.DiscardHandler)
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{
		Logger: quiet, Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}, Protected: []string{"rbac.administer"},
	})
	must(t, err)
	t.Cleanup(func() { must(t, auth.Close()) })
	guard := httpguard.New(auth, httpguard.Config{Insecure: true, Logger: quiet, Site: "http://127.0.0.1"})
	h, err := console.New(guard, auth, cfg)
	must(t, err)
	mux := guard.NewMux()
	mux.Handle("/admin/", rbac.NotAnonymous(), h)
	mux.Public("/login", guard.LoginHandler())
	mux.Public("/", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><title>x</title>Welcome") }))
	served := guard.Handler(mux)
	if wrap != nil {
		served = wrap(served)
	}
	server := httptest.NewServer(served)
	t.Cleanup(server.Close)
	s := &consoleSite{app: &app{t: t, name: "console", url: server.URL}, auth: auth}
	hash, err := auth.HashPassword(ctx, managerPassword)
	must(t, err)
	s.update(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.AddGroup(rbac.Group{Name: "admins", DisplayName: "Administrators"}); err != nil {
			return err
		}
		if err := tx.GrantPermission(rbac.Grant{Group: "admins", Permission: "*"}); err != nil {
			return err
		}
		if _, err := tx.AddUser(rbac.User{Name: "manager", DisplayName: "Mary Manager", Email: "mary@example.org"}); err != nil {
			return err
		}
		if err := tx.SetPasswordHash("manager", hash); err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "manager", Group: "admins"})
	})
	return s
}

// update changes something beside the console.
func (s *consoleSite) update(ctx context.Context, f func(tx *rbac.Tx) error) {
	s.t.Helper()
	must(s.t, s.auth.Update(ctx, f))
}

// manager opens a browser and logs in.
func (s *consoleSite) manager() *user {
	s.t.Helper()
	u := s.user("manager")
	u.open("/login")
	u.logIn("manager", managerPassword)
	u.isAt("/")
	return u
}

// company is what a publisher with some offices declares.
var company = rbac.Catalogue{
	Sections: []rbac.Section{{Name: "posts", Title: "Posts"}, {Name: "orders", Title: "Orders"}, {Name: "people", Title: "People"}},
	Permissions: []rbac.Permission{
		{Name: "post.read", Title: "Read posts", Section: "posts"}, {Name: "post.write", Title: "Write posts", Section: "posts"},
		{Name: "post.publish", Title: "Publish posts", Section: "posts"}, {Name: "post.delete", Title: "Delete posts", Section: "posts"},
		{Name: "order.create", Title: "Create orders", Section: "orders"}, {Name: "order.approve", Title: "Approve orders", Section: "orders"},
		{Name: "invoice.read", Title: "Read invoices", Section: "orders"}, {Name: "person.read", Title: "See colleagues", Section: "people"},
		{Name: "person.invite", Title: "Invite colleagues", Section: "people"}, {Name: "report.export", Title: "Export reports"},
	},
	Groups: []rbac.Group{
		{Name: "readers", DisplayName: "Readers"}, {Name: "writers", DisplayName: "Writers"}, {Name: "editors", DisplayName: "Editors"},
		{Name: "chief-editors", DisplayName: "Chief editors"}, {Name: "buyers", DisplayName: "Buyers"}, {Name: "approvers", DisplayName: "Approvers of orders"},
		{Name: "team-leads", DisplayName: "Team leads"}, {Name: "interns"},
	},
	Grants: []rbac.Grant{
		{Group: "readers", Permission: "post.read"}, {Group: "writers", Permission: "post.write"}, {Group: "editors", Permission: "post.*"},
		{Group: "buyers", Permission: "order.create"}, {Group: "approvers", Permission: "order.approve"}, {Group: "approvers", Permission: "invoice.*"},
		{Group: "team-leads", Permission: "person.*"}, {Group: "chief-editors", Permission: "report.export"}, {Group: "interns", Permission: "wiki.*"},
	},
	Inheritances: []rbac.Inheritance{
		{Senior: "writers", Junior: "readers"}, {Senior: "editors", Junior: "writers"}, {Senior: "chief-editors", Junior: "editors"}, {Senior: "interns", Junior: "readers"},
	},
	Delegations: []rbac.Delegation{{Group: "team-leads", Assign: []string{"readers", "writers", "interns"}, Users: true}},
}

// fillCompany adds people, their groups, some changes and sign-ins.
func (s *consoleSite) fillCompany(ctx context.Context) {
	s.t.Helper()
	must(s.t, s.auth.Declare(ctx, company))
	first := []string{"Amy", "Ben", "Clara", "Dev", "Elif", "Farid", "Grace", "Hana", "Ivan", "Jia", "Kofi", "Lea", "Mateo", "Nina", "Omar", "Petra"}
	last := []string{"Adams", "Brandt", "Costa", "Dubois"}
	groups := []string{"readers", "writers", "editors", "buyers", "approvers", "team-leads", "interns"}
	scopes := []string{"", "office:berlin", "office:lisbon", "office:shanghai"}
	ctx = rbac.WithActor(ctx, "manager")
	s.update(ctx, func(tx *rbac.Tx) error {
		for i := range len(first) * len(last) {
			given, family := first[i%len(first)], last[i/len(first)]
			name := fmt.Sprintf("%s.%s", given, family)
			u, err := tx.AddUser(rbac.User{Name: name, DisplayName: given + " " + family, Email: name + "@example.org", Disabled: i%13 == 12})
			if err != nil {
				return err
			}
			m := rbac.Membership{User: u.Name, Group: groups[i%len(groups)], Scope: scopes[i%len(scopes)]}
			if i%5 == 4 {
				m.Until, m.Note = tx.Now().AddDate(0, 0, 10+i), "until the end of the project"
			}
			if err := tx.AssignUser(m); err != nil {
				return err
			}
		}
		if _, err := tx.AddUser(rbac.User{Name: "zhang", DisplayName: "张三", Email: "zhang@example.org"}); err != nil {
			return err
		}
		return tx.CreateSSDSet(rbac.SeparationSet{Name: "purchase", Groups: []string{"buyers", "approvers"}, Cardinality: 2})
	})
	s.update(rbac.WithReason(ctx, "she leads the spring issue"), func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "amy.adams", Group: "chief-editors", Until: tx.Now().AddDate(0, 2, 0)})
	})
	for i, name := range []string{"amy.adams", "ben.adams", "clara.adams", "jia.adams"} {
		_, err := s.auth.Issue(ctx, rbac.Login{User: name, UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
			Addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)})})
		must(s.t, err)
	}
	_, err := s.auth.Issue(ctx, rbac.Login{User: "amy.adams", Label: "nightly export", Expires: time.Now().AddDate(0, 6, 0)})
	must(s.t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
