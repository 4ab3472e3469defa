package rbac_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// press has patterns at every level: root has everything, editors all below
// post, and chiefs inherit editors.
func press(t testing.TB, h *house) *rbac.Authority {
	t.Helper()
	a := h.open(rbac.Config{})
	h.groups(a, map[string][]string{"staff": {"post", "post.read", "post.edit", "post.edit.own", "postage", "manage"}, "root": nil, "editors": nil, "chiefs": nil})
	h.do(a, func(tx *rbac.Tx) error {
		return errors.Join(grant("root", "*")(tx), grant("editors", "post.*")(tx), inherit("chiefs", "editors")(tx))
	})
	for _, g := range []string{"root", "editors", "chiefs"} {
		h.user(a, "in "+g, "", g)
	}
	return a
}

func permissionsOf(t testing.TB, a *rbac.Authority, user string) []string {
	t.Helper()
	id, err := a.Identity(ctx, user)
	must(t, err)
	held := slices.Collect(id.Permissions())
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		if reviewed := permissionNames(tx.UserPermissions(user)); !slices.Equal(reviewed, held) && len(reviewed)+len(held) > 0 {
			t.Errorf("%s has %q, and the review says %q", user, held, reviewed)
		}
		return nil
	}))
	return held
}

// A pattern grants every existing permission that matches on whole segments,
// now and later.
func TestPatterns(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := press(t, h)
		want := func(user string, names ...string) {
			t.Helper()
			if got := permissionsOf(t, a, user); !slices.Equal(got, names) {
				t.Errorf("%s has %q; want %q", user, got, names)
			}
		}
		want("in editors", "post.edit", "post.edit.own", "post.read")
		want("in chiefs", "post.edit", "post.edit.own", "post.read")
		want("in root", "manage", "post", "post.edit", "post.edit.own", "post.read", "postage", "rbac.administer")
		h.do(a, addPermission(rbac.Permission{Name: "post.publish"}))
		h.do(a, func(tx *rbac.Tx) error { return tx.DeletePermission("post.read") })
		want("in chiefs", "post.edit", "post.edit.own", "post.publish")
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			if got := groupNames(tx.PermissionGroups("post.publish")); !slices.Equal(got, []string{"chiefs", "editors", "root"}) {
				t.Errorf("post.publish is given by %q", got)
			}
			if got := names(tx.PermissionUsers("post.edit.own"), userName); !slices.Equal(got, []string{"in chiefs", "in editors", "in root"}) {
				t.Errorf("post.edit.own is had by %q", got)
			}
			return nil
		}))
		h.do(a, revoke("editors", "post.*"))
		want("in chiefs")
		h.do(a, revoke("root", "*"))
		want("in root")
	})
}

// A pattern is a grant like any grant: noted, granted twice without effect,
// revoked by its own name only.
func TestPatternIsAGrant(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := press(t, h)
		before := dump(t, a)
		for _, r := range []refusal{
			{"an empty stem", grant("staff", ".*"), rbac.ErrInvalid, "Permission"},
			{"a pattern of patterns", grant("staff", "post.*.*"), rbac.ErrInvalid, "Permission"},
			{"everything below everything", grant("staff", "*.*"), rbac.ErrInvalid, "Permission"},
			{"two dots", grant("staff", "post..*"), rbac.ErrInvalid, "Permission"},
			{"two dots further in front", grant("staff", "post..edit.*"), rbac.ErrInvalid, "Permission"},
			{"a dot in front", grant("staff", ".post.*"), rbac.ErrInvalid, "Permission"},
			{"revoking what a pattern gives", revoke("editors", "post.edit"), rbac.ErrNotFound, ""},
			{"revoking another pattern", revoke("editors", "*"), rbac.ErrNotFound, ""},
			{"asking for the groups of a pattern", func(tx *rbac.Tx) error { _, err := tx.PermissionGroups("post.*"); return err }, rbac.ErrNotFound, ""},
		} {
			refused(t, a.Update(ctx, r.call), r)
		}
		h.do(a, grant("editors", "post.*"))
		if after := dump(t, a); after != before {
			t.Errorf("a refused or repeated call changed something:\n%s\nbefore:\n%s", after, before)
		}
		h.do(a, func(tx *rbac.Tx) error {
			return tx.ModifyGrant(rbac.Grant{Group: "editors", Permission: "post.*", Note: "all of it"})
		})
		// A malformed pattern from an earlier version does no harm, and can be
		// revoked.
		var staff rbac.Group
		h.do(a, func(tx *rbac.Tx) (err error) { staff, err = tx.Group("staff"); return err })
		must(t, h.store.Update(ctx, func(r store.Records) error {
			return r.PutGrant(store.Grant{Group: staff.ID, Permission: "manage..*"})
		}))
		h.do(a, revoke("staff", "manage..*"))
	})
}

// Explain names the pattern that grants a permission, and the groups that would
// grant a missing permission.
func TestPatternReasons(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := press(t, h)
		h.user(a, "bob", "")
		for user, want := range map[string]string{
			"in editors": "editors gives post.edit by the pattern post.*",
			"in chiefs":  "chiefs gives post.edit through editors by the pattern post.*",
			"in root":    "root gives post.edit by the pattern *",
			"bob":        "needs post.edit, which the groups editors, root, staff, chiefs give; you are in no group",
		} {
			id, err := a.Identity(ctx, user)
			must(t, err)
			if got := rbac.Explain(id, rbac.HasPermission("post.edit")).Reason; got != want {
				t.Errorf("%s: %q; want %q", user, got, want)
			}
		}
	})
}

// A superuser holds protected permissions like any holder; a deleted permission
// has no holder.
func TestPatternAndProtection(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		press(t, h)
		a := h.open(rbac.Config{Protected: []string{"manage"}})
		for what, change := range map[string]func(*rbac.Tx) error{
			"revoking the pattern":      revoke("root", "*"),
			"deleting the permission":   func(tx *rbac.Tx) error { return tx.DeletePermission("manage") },
			"deassigning the superuser": deassign("in root", "root"),
		} {
			if err := a.Update(ctx, change); !errors.Is(err, rbac.ErrProtected) {
				t.Errorf("%s: %v; want ErrProtected", what, err)
			}
		}
	})
}

// A pattern can be declared, and a revoked pattern stays revoked.
func TestDeclarePattern(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		c := blogCatalogue()
		c.Grants = append(c.Grants, rbac.Grant{Group: "readers", Permission: "post.*"})
		must(t, a.Declare(ctx, c))
		gives(t, a, "readers", "post.read", "post.write")
		h.do(a, revoke("readers", "post.*"))
		must(t, a.Declare(ctx, c))
		gives(t, a, "readers", "post.read")
	})
}

// A permission by a pattern costs as much as any permission (BenchmarkPattern).
// A star belongs in patterns: a star elsewhere in the name of a permission
// would grant nothing, and is refused.
func TestStarInPermissionNames(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := press(t, h)
		h.user(a, "sam", "", "staff")
		for _, name := range []string{"post*", "post.*.edit", "*.edit", "po*st.edit", "**", "post.*x"} {
			for what, f := range map[string]func() error{
				"AddPermission": func() error {
					return a.Update(ctx, func(tx *rbac.Tx) error { _, err := tx.AddPermission(rbac.Permission{Name: name}); return err })
				},
				"GrantPermission": func() error { return a.Update(ctx, grant("staff", name)) },
				"Declare": func() error {
					return a.Declare(ctx, rbac.Catalogue{Permissions: []rbac.Permission{{Name: name}}})
				},
				"Declare of a grant": func() error {
					return a.Declare(ctx, rbac.Catalogue{Grants: []rbac.Grant{{Group: "staff", Permission: name}}})
				},
				"Plan": func() error {
					_, err := a.Plan(ctx, rbac.Catalogue{Permissions: []rbac.Permission{{Name: name}}})
					return err
				},
				"Parse":    func() error { _, err := rbac.Parse(`has_permission("` + name + `")`); return err },
				"Validate": func() error { return a.Validate(rbac.HasPermission(name)) },
			} {
				if err := f(); !errors.Is(err, rbac.ErrInvalid) {
					t.Errorf("%s of %q: got %v, want ErrInvalid", what, name, err)
				}
			}
			must(t, h.store.Update(ctx, func(r store.Records) error { // by an earlier version
				staff, err := r.Group(store.GroupKey{Name: "staff"})
				return errors.Join(err, r.PutPermission(store.Permission{ID: uuid.New(), Name: name}),
					r.PutGrant(store.Grant{Group: staff.ID, Permission: name}))
			}))
			fresh := h.open(rbac.Config{})
			sam, err := fresh.Identity(ctx, "sam")
			must(t, err)
			for _, p := range []rbac.Predicate{rbac.HasPermission(name), rbac.Not(rbac.HasPermission(name))} {
				if rbac.Met(sam, p) {
					t.Errorf("%v is met", p)
				}
			}
			if sam.HasPermission(name) {
				t.Errorf("a stored %q is had", name)
			}
			h.do(fresh, revoke("staff", name))
			h.do(fresh, func(tx *rbac.Tx) error { return tx.DeletePermission(name) })
		}
	})
}

// A grant of a pattern that matches nothing is reported.
func TestUnmatchedPatterns(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var log bytes.Buffer
		a := h.open(rbac.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		c := blogCatalogue()
		c.Grants = append(c.Grants, rbac.Grant{Group: "editors", Permission: "posts.*"}, rbac.Grant{Group: "readers", Permission: "plugin.*"},
			rbac.Grant{Group: "readers", Permission: "post.*"}, rbac.Grant{Group: "editors", Permission: "*"})
		const reason = "the pattern matches no permission"
		want := []rbac.PlanEntry{{Kind: "grant", Name: "plugin.* to readers", Reason: reason}, {Kind: "grant", Name: "posts.* to editors", Reason: reason}}
		byName := func(a, b rbac.PlanEntry) int { return strings.Compare(a.Name, b.Name) }
		if plan := planned(t, a, c); !slices.Equal(slices.SortedFunc(slices.Values(plan.Unmatched), byName), want) {
			t.Errorf("the plan reports %v", plan.Unmatched)
		}
		must(t, a.Declare(ctx, c))
		plan := planned(t, a, c)
		if got := plan.String(); !strings.Contains(got, `! grant "plugin.* to readers": `+reason+"\n") || !strings.Contains(got, `! grant "posts.* to editors": `+reason+"\n") {
			t.Errorf("the plan prints\n%s", got)
		}
		must(t, a.Validate(rbac.InGroup("editors")))
		err := a.Validate(rbac.HasPermission("post.read"))
		if e, ok := errors.AsType[*rbac.Error](err); !ok || e.Record != "grant" || e.Name != "posts.* to editors" || !strings.Contains(e.Reason, `did you mean "post.*"?`) {
			t.Errorf("a pattern that was probably misspelt: got %v", err)
		}
		if n := strings.Count(log.String(), "matches no permission"); n != 2 || !strings.Contains(log.String(), "pattern=plugin.* groups=[readers]") {
			t.Errorf("each is logged once, by whatever Validate is asked:\n%s", &log)
		}
		h.do(a, revoke("editors", "posts.*"))
		h.do(a, func(tx *rbac.Tx) error { _, err := tx.AddPermission(rbac.Permission{Name: "plugin.run"}); return err })
		must(t, a.Validate(rbac.HasPermission("post.read")))
		if plan := planned(t, a, c); plan.Unmatched != nil {
			t.Errorf("the plan reports %v", plan.Unmatched)
		}
	})
}

func BenchmarkPattern(b *testing.B) {
	h := newHouse(b, stores[0].open(b))
	a := press(b, h)
	h.do(a, func(tx *rbac.Tx) error {
		for i := range 1000 {
			if err := addPermission(rbac.Permission{Name: fmt.Sprint("post.p", i)})(tx); err != nil {
				return err
			}
		}
		return nil
	})
	id, err := a.Identity(ctx, "in chiefs")
	must(b, err)
	p := rbac.HasPermission("post.p500")
	b.ReportAllocs()
	for b.Loop() {
		if !rbac.Met(id, p) {
			b.Fatal("the pattern does not give it")
		}
	}
}
