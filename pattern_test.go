package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/rbac-go/rbac"
)

// press has patterns at every level: root has everything, editors all below post, and chiefs inherit editors.
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

// A pattern gives every permission there is that matches on whole segments, now and later.
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
		want("in root", "manage", "post", "post.edit", "post.edit.own", "post.read", "postage")
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

// A pattern is a grant like any other: noted, given twice without effect, revoked by its own name only.
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
		// One that is there from before does no harm, and can be taken away.
		var staff rbac.Group
		h.do(a, func(tx *rbac.Tx) (err error) { staff, err = tx.Group("staff"); return err })
		must(t, h.store.Update(ctx, func(r rbac.Records) error {
			return r.AddGrant(rbac.GrantRecord{Group: staff.ID, Permission: "manage..*"})
		}))
		h.do(a, revoke("staff", "manage..*"))
	})
}

// Explain names the pattern that a permission comes by, and says of a missing one which groups would give it.
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

// A superuser holds protected permissions like anybody; once such a permission is deleted nobody does.
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

// A pattern can be declared, and once revoked stays so.
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

// BenchmarkPattern: a permission that comes by a pattern costs what any other does.
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
