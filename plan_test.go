package rbac_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
)

// planned makes a plan, and requires that the plan changes nothing.
func planned(t *testing.T, a *rbac.Authority, c rbac.Catalogue) rbac.Plan {
	t.Helper()
	before, rev := dump(t, a), lastRevision(t, a)
	plan, err := a.Plan(ctx, c)
	must(t, err)
	if dump(t, a) != before || lastRevision(t, a) != rev {
		t.Error("Plan changed something")
	}
	return plan
}

// prints compares the printed plan line by line.
func prints(t *testing.T, p rbac.Plan, want ...string) {
	t.Helper()
	got := strings.Split(strings.TrimSuffix(p.String(), "\n"), "\n")
	if p.String() == "" {
		got = nil
	}
	if !slices.Equal(got, want) {
		t.Errorf("the plan is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A plan on an empty store is the catalogue itself; after Declare the plan is
// empty.
func TestPlanThenDeclare(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		plan := planned(t, a, blogCatalogue())
		if len(plan.Effect.Changes) == 0 || plan.Effect.Users != 0 {
			t.Errorf("the effect is %+v; want changes, and no rights", plan.Effect)
		}
		plan.Effect = rbac.Effect{}
		if !reflect.DeepEqual(plan, rbac.Plan{Add: blogCatalogue()}) {
			t.Errorf("the plan is %+v; want all of the catalogue", plan)
		}
		prints(t, plan, `+ section "posts"`, `+ permission "post.read"`, `+ permission "post.write"`, `+ group "readers"`, `+ group "editors"`,
			`+ inheritance "editors of readers"`, `+ grant "post.read to readers"`, `+ grant "post.write to editors"`)
		must(t, a.Declare(ctx, blogCatalogue()))
		if again := planned(t, a, blogCatalogue()); !reflect.DeepEqual(again, rbac.Plan{}) {
			t.Errorf("the plan for what is declared is %+v; want none", again)
		}
	})
}

// The effect of a plan has the rights that users would gain.
func TestPlanHasAnEffect(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.groups(a, map[string][]string{"editors": nil})
		h.user(a, "amy", "", "editors")
		effect := planned(t, a, blogCatalogue()).Effect
		want := []rbac.Right{{User: "amy", Permission: "post.read"}, {User: "amy", Permission: "post.write"}}
		if !slices.Equal(effect.Gained, want) || effect.Users != 1 || effect.Lost != nil {
			t.Errorf("got %+v", effect)
		}
	})
}

// The additions and updates of a plan equal the entries of Declare in the
// change log.
func TestPlanSaysWhatDeclareDoes(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		must(t, a.Declare(ctx, blogCatalogue()))
		h.do(a, func(tx *rbac.Tx) error {
			g, err := tx.Group("editors")
			g.Name = "authors"
			return errors.Join(err, tx.ModifyGroup(g), tx.DeletePermission("post.write"))
		})
		c := blogCatalogue()
		c.Sections[0].Title, c.Permissions[0].Title, c.Permissions[1].Title, c.Groups[1].Note = "All posts", "Look", "gone", "mine"
		c.Permissions = append(c.Permissions, rbac.Permission{Name: "post.edit", Title: "Edit", Section: "posts"})
		c.Groups = append(c.Groups, rbac.Group{Name: "chiefs"})
		c.Grants = append(c.Grants, rbac.Grant{Group: "editors", Permission: "post.*", Note: "all"})
		c.Inheritances = append(c.Inheritances, rbac.Inheritance{Senior: "chiefs", Junior: "editors"})
		plan := planned(t, a, c)
		prints(t, plan, `+ permission "post.edit"`, `+ group "chiefs"`, `+ inheritance "chiefs of authors"`, `+ grant "post.* to authors"`,
			`~ section "posts"`, `~ permission "post.read"`, `~ group "authors"`,
			`- permission "post.write": was deleted`, `- grant "post.write to editors": the permission post.write was deleted`)
		if got := plan.Add.Grants[0]; got != (rbac.Grant{Group: "authors", Permission: "post.*", Note: "all"}) {
			t.Errorf("the grant to be added is %+v", got)
		}
		rev := lastRevision(t, a)
		must(t, a.Declare(ctx, c))
		want := []string{"ModifySection posts ", "ModifyPermission post.read ", "AddPermission post.edit ", "ModifyGroup authors ",
			"AddGroup chiefs ", "AddInheritance chiefs authors", "GrantPermission authors post.*"}
		if got := actionsSince(t, a, rev); !slices.Equal(got, want) {
			t.Errorf("Declare did %q; want %q, as planned", got, want)
		}
		h.do(a, revoke("authors", "post.*"))
		prints(t, planned(t, a, c), `- permission "post.write": was deleted`,
			`- grant "post.write to editors": the permission post.write was deleted`, `- grant "post.* to editors": was revoked`)
	})
}

// A plan leaves out records that administrators deleted, with the reason, but
// not renamed records.
func TestPlanLeavesOut(t *testing.T) {
	t.Parallel()
	rename := func(tx *rbac.Tx) error {
		g, err := tx.Group("editors")
		g.Name = "authors"
		return errors.Join(err, tx.ModifyGroup(g))
	}
	for name, test := range map[string]struct {
		away func(*rbac.Tx) error
		want []string
	}{
		"revoked": {revoke("readers", "post.read"), []string{`- grant "post.read to readers": was revoked`}},
		"renamed": {rename, nil},
		"section": {func(tx *rbac.Tx) error { return tx.DeleteSection("posts") }, []string{`- section "posts": was deleted`}},
		"permission": {func(tx *rbac.Tx) error { return tx.DeletePermission("post.read") },
			[]string{`- permission "post.read": was deleted`, `- grant "post.read to readers": the permission post.read was deleted`}},
		"permission, and added again": {both(func(tx *rbac.Tx) error { return tx.DeletePermission("post.read") }, addPermission(rbac.Permission{Name: "post.read"})),
			[]string{`- grant "post.read to readers": was revoked`}},
		"group": {func(tx *rbac.Tx) error { return tx.DeleteGroup("readers") },
			[]string{`- group "readers": was deleted`, `- inheritance "editors of readers": the group readers was deleted`,
				`- grant "post.read to readers": the group readers was deleted`}},
		"group, and its name taken": {both(both(func(tx *rbac.Tx) error { return tx.DeleteGroup("editors") }, addGroup(rbac.Group{Name: "editors"})), grant("editors", "post.write")),
			[]string{`- group "editors": was deleted`, `- inheritance "editors of readers": the group editors was deleted`,
				`- grant "post.write to editors": the group editors was deleted`, `? group "editors"`}},
		"inheritance": {func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "editors", Junior: "readers"})
		}, []string{`- inheritance "editors of readers": was deleted`}},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				a := h.open(rbac.Config{})
				must(t, a.Declare(ctx, blogCatalogue()))
				h.do(a, test.away)
				c := blogCatalogue()
				c.Grants = append(c.Grants, c.Grants...)
				prints(t, planned(t, a, c), test.want...)
				before := dump(t, a)
				must(t, a.Declare(ctx, c))
				if dump(t, a) != before {
					t.Error("Declare did what the plan does not say")
				}
			})
		})
	}
}

// A plan lists unknown records of the store. Of groups outside the catalogue a
// plan lists only the group itself.
func TestPlanUnknown(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		must(t, a.Declare(ctx, blogCatalogue()))
		h.groups(a, map[string][]string{"others": {"order.read", "post.read"}})
		h.do(a, both(both(grant("readers", "post.*"), inherit("readers", "others")),
			func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "orders", Title: "Orders"}) }))
		plan := planned(t, a, blogCatalogue())
		prints(t, plan, `? section "orders"`, `? permission "order.read"`, `? group "others"`,
			`? inheritance "readers of others"`, `? grant "post.* to readers"`)
		if plan.Unknown.Sections[0].Title != "Orders" || plan.Unknown.Permissions[0].Created.IsZero() || plan.Unknown.Grants[0].GrantedAt.IsZero() {
			t.Errorf("the unknown records are not those of the store: %+v", plan.Unknown)
		}
		// The program no longer declares a group and a grant: both stay, and
		// are unknown to the program.
		c := blogCatalogue()
		c.Groups, c.Grants, c.Inheritances = c.Groups[:1], nil, nil
		prints(t, planned(t, a, c), `? section "orders"`, `? permission "order.read"`, `? group "editors"`, `? group "others"`,
			`? inheritance "readers of others"`, `? grant "post.* to readers"`, `? grant "post.read to readers"`)
	})
}

// A catalogue with a mistake has no plan, and the error is the error of
// Declare.
func TestPlanRefuses(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		for name, spoil := range map[string]func(*rbac.Catalogue){
			"unknown permission": func(c *rbac.Catalogue) { c.Grants[0].Permission = "post.raed" },
			"unknown group":      func(c *rbac.Catalogue) { c.Grants[0].Group = "reader" },
			"invalid name":       func(c *rbac.Catalogue) { c.Permissions[0].Name = "post.*" },
			"two texts":          func(c *rbac.Catalogue) { c.Groups = append(c.Groups, rbac.Group{Name: "readers", Note: "x"}) },
			"cycle": func(c *rbac.Catalogue) {
				c.Inheritances = append(c.Inheritances, rbac.Inheritance{Senior: "readers", Junior: "editors"})
			},
		} {
			c := blogCatalogue()
			spoil(&c)
			plan, err := a.Plan(ctx, c)
			declared := a.Declare(ctx, c)
			if err == nil || declared == nil || err.Error() != declared.Error() {
				t.Errorf("%s: Plan = %v; want the error of Declare, %v", name, err, declared)
			}
			if !reflect.DeepEqual(plan, rbac.Plan{}) {
				t.Errorf("%s: a failed Plan tells %+v", name, plan)
			}
		}
		a.Close()
		if _, err := a.Plan(ctx, blogCatalogue()); !errors.Is(err, rbac.ErrUnavailable) {
			t.Errorf("Plan of a closed Authority: %v; want ErrUnavailable", err)
		}
	})
}

// A transaction that runs twice is listed once in the plan, and a lost
// transaction not at all.
func TestPlanRetried(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var lost error // in place of the second attempt
		h.store = hooked(h.store, storefault.Hooks{Update: func(_ context.Context, run func() error) error {
			first := run()
			if lost != nil {
				return lost
			}
			return errors.Join(first, run())
		}})
		plan := planned(t, h.open(rbac.Config{}), blogCatalogue())
		plan.Effect = rbac.Effect{}
		if !reflect.DeepEqual(plan, rbac.Plan{Add: blogCatalogue()}) {
			t.Errorf("the plan is %+v; want the catalogue, once", plan)
		}
		a := h.open(rbac.Config{})
		lost = rbac.ErrUnavailable
		if plan, err := a.Plan(ctx, blogCatalogue()); !errors.Is(err, rbac.ErrUnavailable) || !reflect.DeepEqual(plan, rbac.Plan{}) {
			t.Errorf("Plan = %+v, %v; want nothing and ErrUnavailable", plan, err)
		}
	})
}
