package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// tenants makes amy an editor of org:1, a reader of org:2 and a member of staff
// everywhere; root is an admin everywhere. admins inherits editors.
func tenants(t testing.TB, h *house) *rbac.Authority {
	t.Helper()
	a := h.open(rbac.Config{})
	h.groups(a, map[string][]string{"editors": {"post.edit"}, "readers": {"post.read"}, "staff": {"door.open"}, "admins": {"manage"}})
	h.do(a, inherit("admins", "editors"))
	h.user(a, "amy", "", "staff")
	h.user(a, "root", "", "admins")
	h.do(a, both(assignIn("amy", "editors", "org:1"), assignIn("amy", "readers", "org:2")))
	return a
}

func assignIn(user, group, scope string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: user, Group: group, Scope: scope})
	}
}

// Global memberships count in every scope. Memberships in a scope count there
// and nowhere else.
func TestScopes(t *testing.T) {
	edit, read, door := rbac.HasPermission("post.edit"), rbac.HasPermission("post.read"), rbac.HasPermission("door.open")
	cases := []struct {
		user string
		p    rbac.Predicate
		want bool
	}{
		{"amy", edit, false},
		{"amy", rbac.In("org:1", edit), true},
		{"amy", rbac.In("org:2", edit), false},
		{"amy", rbac.In("org:3", edit), false},
		{"amy", rbac.In("org:2", read), true},
		{"amy", rbac.In("org:1", read), false},
		{"amy", door, true},
		{"amy", rbac.In("org:1", door), true},
		{"amy", rbac.In("org:3", door), true},
		{"amy", rbac.In("org:1", rbac.InGroup("editors")), true},
		{"amy", rbac.InGroup("editors"), false},
		{"amy", rbac.Not(rbac.In("org:1", edit)), false},
		{"amy", rbac.In("org:1", rbac.Not(edit)), false},
		{"amy", rbac.Not(rbac.In("org:2", edit)), true},
		{"amy", rbac.Any(rbac.In("org:2", edit), rbac.In("org:1", edit)), true},
		{"amy", rbac.All(rbac.In("org:1", edit), rbac.In("org:2", edit)), false},
		{"amy", rbac.All(rbac.In("org:1", edit), edit), false},
		// the inner scope alone counts
		{"amy", rbac.In("org:2", rbac.In("org:1", edit)), true},
		{"amy", rbac.In("org:1", rbac.In("org:2", rbac.All(read, edit))), false}, // not both
		// the outer scope counts again afterwards
		{"amy", rbac.In("org:1", rbac.All(rbac.In("org:2", read), edit)), true},
		{"amy", rbac.In("ORG:1", edit), false},
		{"amy", rbac.In("org:1", rbac.IsUser("amy")), true},
		{"root", rbac.In("org:9", rbac.All(edit, rbac.HasPermission("manage"))), true},
		{"", rbac.In("org:1", edit), false},
		{"", rbac.In("org:1", rbac.IsAnonymous()), true},
		{"", rbac.Not(rbac.In("org:1", edit)), true},
		// A question without an answer denies, under Not too.
		{"root", rbac.In("", edit), false},
		{"root", rbac.Not(rbac.In("", edit)), false},
		{"root", rbac.Not(rbac.In("a\nb", edit)), false},
		{"root", rbac.Not(rbac.In("org:1", nil)), false},
		{"root", rbac.Not(rbac.In("org:1", rbac.HasPermission("post.edti"))), false},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := tenants(t, h)
		for _, c := range cases {
			var token rbac.Token
			if c.user != "" {
				token = h.issue(a, rbac.Login{User: c.user})
			}
			id, err := a.Identify(ctx, token)
			must(t, err)
			if err := rbac.Check(id, c.p); (err == nil) != c.want {
				t.Errorf("%v for %v: %v; want met: %v", c.p, id, err, c.want)
			}
			if e := rbac.Explain(id, c.p); e.Met != c.want || e.Reason == "" {
				t.Errorf("%v for %v: Explain says %+v", c.p, id, e)
			}
			if got, err := rbac.Parse(c.p.String()); err == nil && rbac.Met(id, got) != c.want {
				t.Errorf("%v is read back as %v, which decides otherwise", c.p, got)
			}
		}
	})
}

// Identity.In and the predicate In agree, and a Func sees the scope.
func TestIdentityIn(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := tenants(t, h)
		id, err := a.Identity(ctx, "amy")
		must(t, err)
		var seen []string
		look := rbac.Func("look", func(id *rbac.Identity) bool { seen = append(seen, id.String()); return id.HasPermission("post.edit") })
		for _, scope := range []string{"org:1", "org:2", "org:3"} {
			there := id.In("org:2").In(scope) // one scope replaces another
			if got, want := there.HasPermission("post.edit"), scope == "org:1"; got != want || rbac.Met(id, rbac.In(scope, look)) != want {
				t.Errorf("in %s amy may edit: %v; want %v", scope, got, want)
			}
			if everywhere := id.HasPermission("post.edit"); everywhere {
				t.Errorf("looking into %s changed the Identity", scope)
			}
		}
		if want := []string{`user "amy" in "org:1"`, `user "amy" in "org:2"`, `user "amy" in "org:3"`}; !slices.Equal(seen, want) {
			t.Errorf("a Func within In saw %q; want %q", seen, want)
		}
		for _, bad := range []string{"", "a\x00", strings.Repeat("x", 257)} {
			if err := rbac.Check(id.In(bad), rbac.NotAnonymous()); err == nil {
				t.Errorf("in the scope %q a predicate is met", bad)
			}
		}
		if (*rbac.Identity)(nil).In("org:1") != nil {
			t.Error("nobody in a scope is somebody")
		}
		own := rbac.NewIdentity("zoe", []string{"g"}, []string{"p"})
		if everywhere, scopes := own.Scopes("p"); !rbac.Met(own, rbac.In("org:1", rbac.HasPermission("p"))) || !everywhere || scopes != nil {
			t.Error("an Identity of the host's own has its permissions in every scope")
		}
	})
}

// Scopes returns the scopes of a permission, for filtering lists.
func TestIdentityScopes(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := tenants(t, h)
		h.do(a, both(assignIn("amy", "admins", "org:0"), assignIn("amy", "staff", "org:7")))
		cases := []struct {
			user, permission string
			everywhere       bool
			scopes           []string
		}{
			{"amy", "post.edit", false, []string{"org:0", "org:1"}},
			{"amy", "post.read", false, []string{"org:2"}},
			{"amy", "door.open", true, nil},
			{"amy", "unknown", false, nil},
			{"root", "post.edit", true, nil},
			{"root", "post.read", false, nil},
		}
		for _, c := range cases {
			id, err := a.Identity(ctx, c.user)
			must(t, err)
			for _, id := range []*rbac.Identity{id, id.In("org:2")} {
				if everywhere, scopes := id.Scopes(c.permission); everywhere != c.everywhere || !slices.Equal(scopes, c.scopes) {
					t.Errorf("%v has %s everywhere: %v, in %q; want %v, %q", id, c.permission, everywhere, scopes, c.everywhere, c.scopes)
				}
			}
		}
		if everywhere, scopes := (*rbac.Identity)(nil).Scopes("post.edit"); everywhere || scopes != nil {
			t.Error("nobody has a permission somewhere")
		}
	})
}

// Until, narrowed tickets and changes hold within scopes as globally.
func TestScopesAreLive(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := tenants(t, h)
		edit := rbac.In("org:1", rbac.HasPermission("post.edit"))
		amy := h.issue(a, rbac.Login{User: "amy"})
		only := h.issue(a, rbac.Login{User: "amy", Groups: []string{"staff"}})
		editor := h.issue(a, rbac.Login{User: "amy", Groups: []string{"editors"}})
		judge := func(what string, tok rbac.Token, p rbac.Predicate, want bool) {
			t.Helper()
			if err := a.Judge(ctx, tok, p); (err == nil) != want {
				t.Errorf("%s: %v; want met: %v", what, err, want)
			}
		}
		judge("amy in her scope", amy, edit, true)
		judge("a ticket for staff only", only, edit, false)
		judge("a ticket for editors", editor, edit, true)
		judge("a ticket for editors, elsewhere", editor, rbac.In("org:2", rbac.HasPermission("post.edit")), false)
		judge("a ticket for editors has no door", editor, rbac.In("org:1", rbac.HasPermission("door.open")), false)
		until := h.clock.Now().Add(10 * time.Minute)
		h.do(a, func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "amy", Group: "editors", Scope: "org:1", Until: until})
		})
		judge("before the end", amy, edit, true)
		h.clock.Advance(10 * time.Minute)
		judge("at the end", amy, edit, false)
		h.do(a, assignIn("amy", "admins", "org:1"))
		judge("assigned anew through a senior", amy, edit, true)
		judge("what was narrowed stays so", editor, edit, false)
		h.do(a, func(tx *rbac.Tx) error {
			return tx.DeassignUser(rbac.Membership{User: "amy", Group: "admins", Scope: "org:1"})
		})
		judge("deassigned", amy, edit, false)
	})
}

// The reasons name the scope.
func TestScopeReasons(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := tenants(t, h)
		id, err := a.Identity(ctx, "amy")
		must(t, err)
		for p, want := range map[rbac.Predicate]string{
			rbac.In("org:2", rbac.HasPermission("post.edit")): "in org:2: needs post.edit, which the groups editors, admins give; you are in readers, staff",
			rbac.In("org:1", rbac.HasPermission("post.edit")): "in org:1: editors gives post.edit",
		} {
			if got := rbac.Explain(id, p).Reason; got != want {
				t.Errorf("%v: %q; want %q", p, got, want)
			}
		}
	})
}

// The reasons never claim that a user is in no group if all groups of the user
// hold in different scopes.
func TestReasonsNameOtherScopes(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := tenants(t, h)
		h.user(a, "zoe", "")
		h.do(a, assignIn("zoe", "editors", "org:1"))
		elsewhere := rbac.In("org:2", rbac.HasPermission("post.edit"))
		reason := func(p rbac.Predicate) string {
			id, err := a.Identity(ctx, "zoe")
			must(t, err)
			denied, _ := errors.AsType[*rbac.DeniedError](rbac.Check(id, p))
			if short := denied.WithoutGroups(); strings.Contains(short, "editors") || !strings.HasSuffix(denied.Message, short[strings.LastIndex(short, ";"):]) {
				t.Errorf("without groups: %s", short)
			}
			return denied.Message
		}
		for p, want := range map[rbac.Predicate]string{
			elsewhere:                                 "in org:2: needs post.edit, which the groups editors, admins give; your groups hold in org:1 only",
			rbac.HasPermission("post.edit"):           "needs post.edit, which the groups editors, admins give; your groups hold in org:1 only",
			rbac.In("org:3", rbac.InGroup("editors")): "in org:3: needs the group editors; your groups hold in org:1 only",
		} {
			if got := reason(p); got != want {
				t.Errorf("%v: %q; want %q", p, got, want)
			}
		}
		e, err := a.ExplainUser(ctx, "zoe", elsewhere)
		if must(t, err); !strings.HasSuffix(e.Reason, "; zoe's groups hold in org:1 only") {
			t.Errorf("to an administrator: %s", e.Reason)
		}
		for i := range 40 {
			h.do(a, assignIn("zoe", []string{"editors", "staff"}[i%2], fmt.Sprintf("team:%02d", i)))
		}
		const many = "; your groups hold in org:1, team:00, team:01, team:02, team:03 and 36 more only"
		if got := reason(elsewhere); !strings.HasSuffix(got, many) {
			t.Errorf("in many scopes: %s", got)
		}
	})
}

// Menu shows the user's own permissions in a scope.
func TestMenuInScope(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	a := tenants(t, h)
	h.do(a, func(tx *rbac.Tx) error {
		if err := tx.AddSection(rbac.Section{Name: "s"}); err != nil {
			return err
		}
		p, err := tx.Permission("post.edit")
		if err != nil {
			return err
		}
		p.Section = "s"
		return tx.ModifyPermission(p)
	})
	id, err := a.Identity(ctx, "amy")
	must(t, err)
	if len(a.Menu(id)) != 0 || len(a.Menu(id.In("org:1"))) != 1 {
		t.Errorf("amy's menu has %d sections, and %d in org:1; want 0 and 1", len(a.Menu(id)), len(a.Menu(id.In("org:1"))))
	}
}

// manyScopes returns an Identity with memberships in n scopes.
func manyScopes(t testing.TB, n int) *rbac.Identity {
	t.Helper()
	h := newHouse(t, stores[0].open(t))
	a := tenants(t, h)
	h.do(a, func(tx *rbac.Tx) error {
		for i := range n {
			if err := assignIn("amy", "editors", fmt.Sprint("project:", i))(tx); err != nil {
				return err
			}
		}
		return nil
	})
	id, err := a.Identity(ctx, "amy")
	must(t, err)
	return id
}

// A check in a scope allocates nothing, for any number of scopes.
func TestScopeAllocatesNothing(t *testing.T) {
	for _, n := range []int{2, 10_000} {
		id := manyScopes(t, n)
		p := rbac.In("project:1", rbac.All(rbac.HasPermission("post.edit"), rbac.InGroup("editors")))
		if allocs := testing.AllocsPerRun(100, func() {
			if !rbac.Met(id, p) {
				t.Fatal("amy may not edit")
			}
		}); allocs != 0 {
			t.Errorf("with %d scopes a check allocates %v times; want 0", n, allocs)
		}
	}
}

// BenchmarkScope measures a check, whose cost does not grow with the number of
// scopes.
func BenchmarkScope(b *testing.B) {
	for _, n := range []int{2, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			id, p := manyScopes(b, n), rbac.In("project:1", rbac.HasPermission("post.edit"))
			b.ReportAllocs()
			for b.Loop() {
				if !rbac.Met(id, p) {
					b.Fatal("amy may not edit")
				}
			}
		})
	}
}

// A Func inside In gets an Identity in that scope, whoever made the Identity.
func TestFuncInScope(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := h.office(rbac.Config{})
	amy, err := a.Identity(ctx, "amy")
	must(t, err)
	for _, id := range []*rbac.Identity{amy, rbac.NewIdentity("amy", nil, nil)} {
		var seen string
		f := rbac.Func("sees its scope", func(id *rbac.Identity) bool { seen = id.String(); return true })
		must(t, rbac.Check(id, rbac.In("org:1", f)))
		if seen != `user "amy" in "org:1"` {
			t.Errorf("the Func saw %s", seen)
		}
	}
}
