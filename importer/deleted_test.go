package importer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
)

// What an administrator has deleted stays deleted, whatever was changed before
// the deletion: the note of a group, the subject of a user.
func TestDeletedRecordsStayDeleted(t *testing.T) {
	a := authority(t)
	constrained := byRoles + "[constraint_definition]\nc = sod(\"role:editor\", \"role:auditor\")\n"
	source := oneRole + "p, role:auditor, post, audit\ng, bob, role:auditor\n"
	_, err := read(t, constrained, source).Apply(ctx, a, importer.Options{})
	must(t, err)
	update(t, a, func(tx *rbac.Tx) error {
		g, err := tx.Group("role:editor")
		g.Note = "the editors of 2019"
		u, err2 := tx.User("bob")
		u.Subject = "auth0|bob"
		return errors.Join(err, err2, tx.ModifyGroup(g), tx.ModifyUser(u))
	})
	update(t, a, func(tx *rbac.Tx) error {
		return errors.Join(tx.DeleteSSDSet("c"), tx.DeleteGroup("role:editor"), tx.DeletePermission("post.write"), tx.DeleteUser("bob"))
	})
	r, err := read(t, constrained, source+"g, eve, role:editor\np, role:new, post, write\ng, dan, role:new\n").Apply(ctx, a, importer.Options{})
	must(t, err)
	reported(t, r,
		"policy 1 (p, role:editor, post, write): not taken: its group was not taken",
		`policy 6 (p, role:new, post, write): not taken: permission "post.write": not found`,
		"model c (sod(\"role:editor\", \"role:auditor\")): not taken: was deleted here since an earlier import",
		"policy 4 (g, bob, role:auditor): not taken: has another subject here since an earlier import",
		"policy 5 (g, eve, role:editor): not taken: the group role:editor was deleted here since an earlier import")
	if may(t, a, "dan", "post.write", "") {
		t.Error("a permission that was deleted is back")
	}
}

// A group that was renamed is not brought back under its old name, with grants
// that an administrator may have revoked since.
func TestRenamedGroupsAreNotBroughtBack(t *testing.T) {
	a := authority(t)
	_, err := read(t, byRoles, oneRole).Apply(ctx, a, importer.Options{})
	must(t, err)
	update(t, a, func(tx *rbac.Tx) error {
		g, err := tx.Group("role:editor")
		g.Name = "writers"
		return errors.Join(err, tx.ModifyGroup(g))
	})
	r, err := read(t, byRoles, oneRole+"g, eve, role:editor\n").Apply(ctx, a, importer.Options{})
	must(t, err)
	reported(t, r, "policy 1 (p, role:editor, post, write): not taken: its group was not taken",
		"policy 3 (g, eve, role:editor): not taken: the group role:editor was renamed here to writers since an earlier import")
}

// A record that was deleted before the first import, and the group of a user
// whom an earlier import refused, do not keep anything out.
func TestOtherDeletionsDoNotCount(t *testing.T) {
	a := authority(t)
	addGroups(t, a, map[string]string{"role:editor": ""})
	update(t, a, func(tx *rbac.Tx) error {
		_, err := tx.AddPermission(rbac.Permission{Name: "post.write"})
		return errors.Join(err, tx.DeletePermission("post.write"), tx.DeleteGroup("role:editor"))
	})
	p := read(t, byRoles, oneRole)
	r, err := p.Apply(ctx, a, importer.Options{})
	must(t, err)
	reported(t, r)
	proved(t, a, p, r)

	a = authority(t)
	refused := "p, bob, rbac, administer\n"
	_, err = read(t, byRoles, refused).Apply(ctx, a, importer.Options{})
	must(t, err)
	p, err = importer.ReadCasbin(ctx, importer.Casbin{Model: byRoles, Policy: strings.NewReader("p, user:bob, post, write\ng, amy, user:bob\n"), Users: []string{"amy"}})
	must(t, err)
	r, err = p.Apply(ctx, a, importer.Options{})
	must(t, err)
	reported(t, r)
}

// A group of superusers that was deleted, or renamed, is not made again.
func TestDeletedSuperusersStayDeleted(t *testing.T) {
	for reason, change := range map[string]func(tx *rbac.Tx) error{
		"was deleted here since an earlier import": func(tx *rbac.Tx) error { return tx.DeleteGroup("django superusers") },
		"was renamed here to root since an earlier import": func(tx *rbac.Tx) error {
			g, err := tx.Group("django superusers")
			g.Name = "root"
			return errors.Join(err, tx.ModifyGroup(g))
		},
	} {
		a := authority(t)
		apply := func(more string) *importer.Report {
			t.Helper()
			p, err := importer.ReadDjango(ctx, importer.Django{DB: database(t, djangoTables+"UPDATE auth_user SET is_superuser = 0, is_active = 1; UPDATE auth_user SET is_superuser = 1 WHERE id = 1;"+more)})
			must(t, err)
			r, err := p.Apply(ctx, a, importer.Options{Superusers: true})
			must(t, err)
			return r
		}
		apply("DELETE FROM auth_user WHERE id <> 1;")
		update(t, a, change)
		r := apply("UPDATE auth_user SET is_superuser = 1 WHERE id = 2;")
		found := false
		for _, row := range r.Rows {
			found = found || row.Column == "is_superuser" && row.Outcome == importer.NotTaken && row.Reason == "the group django superusers "+reason
		}
		id, err := a.IdentityBySubject(ctx, "django:2")
		must(t, err)
		if !found || id.HasPermission("rbac.administer") {
			t.Errorf("%s: administers: %v\n%s", reason, id.HasPermission("rbac.administer"), lines(r.Rows))
		}
	}
}
