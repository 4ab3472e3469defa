package importer_test

import (
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

const portedTables = `
CREATE TABLE tg_permission (permission_id integer, permission_name text, description text);
CREATE TABLE tg_group (group_id integer, group_name text, display_name text);
CREATE TABLE tg_user (user_id integer, user_name text, email_address text, display_name text, password text);
CREATE TABLE tg_group_permission (group_id integer, permission_id integer);
CREATE TABLE tg_user_group (user_id integer, group_id integer);
INSERT INTO tg_permission VALUES (1, 'page.edit', ''), (2, 'page.read', '');
INSERT INTO tg_group VALUES (1, 'staff', 'Staff');
INSERT INTO tg_group_permission VALUES (1, 1), (1, 2);
INSERT INTO tg_user VALUES (1, 'Hanna', 'hanna@example.org', 'Hanna', NULL);
INSERT INTO tg_user_group VALUES (1, 1);
`

// ported reads the tables with further statements.
func ported(t *testing.T, statements string) *importer.Plan {
	t.Helper()
	p, err := importer.ReadTurboGears(ctx, importer.TurboGears{DB: database(t, portedTables+statements)})
	must(t, err)
	return p
}

const (
	asHanna  = "tg_user 1 (Hanna): taken: as the user hanna"
	noSecret = "tg_user 1 (Hanna) password: not taken: has no password"
	lacks    = "the group staff was here before, and is left as it is: use --merge, or Options.Merge, to add what it lacks"
	since    = ": only here: was given here since the import"
	added    = "tg_group_permission 1 1 (staff, page.edit): taken: added to the group staff, which was here before"
)

var ofPages = rbac.Catalogue{
	Permissions: []rbac.Permission{{Name: "page.read", Title: "Read pages"}},
	Groups:      []rbac.Group{{Name: "staff"}},
	Grants:      []rbac.Grant{{Group: "staff", Permission: "page.read"}},
}

// A group that the program has declared before the import gets the grants of the
// source with Merge only, in the first import or a later one. A dry run lists
// the grants, and without Merge the report names the flag.
func TestMergeAddsGrants(t *testing.T) {
	p := ported(t, "")
	for _, first := range []bool{false, true} {
		a := authority(t)
		must(t, a.Declare(ctx, ofPages))
		want := []string{added, asHanna, noSecret}
		if !first {
			r, err := p.Apply(ctx, a, importer.Options{})
			must(t, err)
			reported(t, r, "tg_group_permission 1 1 (staff, page.edit): not taken: "+lacks, asHanna, noSecret)
			proved(t, a, p, r, "Hanna: page.edit: only in the source: "+lacks)
			want = []string{added}
		}
		for _, dry := range []bool{true, false} {
			r, err := p.Apply(ctx, a, importer.Options{Merge: true, DryRun: dry})
			must(t, err)
			reported(t, r, want...)
			if !dry {
				proved(t, a, p, r)
			}
		}
		r, err := p.Apply(ctx, a, importer.Options{Merge: true})
		must(t, err)
		reported(t, r)
	}
}

// Merge brings nothing back that was revoked here, under whichever name the
// group had then.
func TestMergeBringsNothingBack(t *testing.T) {
	p, a := ported(t, ""), authority(t)
	_, err := p.Apply(ctx, a, importer.Options{})
	must(t, err)
	update(t, a, func(tx *rbac.Tx) error {
		g, err := tx.Group("staff")
		g.Name = "crew"
		back := g
		back.Name = "staff"
		return errors.Join(err, tx.ModifyGroup(g),
			tx.RevokePermission(rbac.Grant{Group: "crew", Permission: "page.edit"}), tx.ModifyGroup(back))
	})
	const revoked = "was taken from the group staff here"
	for _, merge := range []bool{false, true} {
		r, err := p.Apply(ctx, a, importer.Options{Merge: merge})
		must(t, err)
		reported(t, r, "tg_group_permission 1 1 (staff, page.edit): not taken: "+revoked)
		proved(t, a, p, r, "Hanna: page.edit: only in the source: "+revoked)
	}
}

// Merge adds inheritances, too, but for those that were deleted here.
func TestMergeAddsInheritances(t *testing.T) {
	const policy = "p, role:b, post, read\ng, role:a, role:b\ng, eve, role:a\n"
	a := authority(t)
	addGroups(t, a, map[string]string{"role:a": ""})
	p := read(t, byRoles, policy)
	_, err := p.Apply(ctx, a, importer.Options{})
	must(t, err)
	r, err := p.Apply(ctx, a, importer.Options{Merge: true})
	must(t, err)
	reported(t, r, "policy 2 (g, role:a, role:b): taken: added to the group role:a, which was here before")
	proved(t, a, p, r)
	update(t, a, func(tx *rbac.Tx) error {
		return tx.DeleteInheritance(rbac.Inheritance{Senior: "role:a", Junior: "role:b"})
	})
	r, err = p.Apply(ctx, a, importer.Options{Merge: true})
	must(t, err)
	reported(t, r, "policy 2 (g, role:a, role:b): not taken: was taken from the group role:a here")
}

// A user whose name or address another user has is reported with that user.
func TestTakenNames(t *testing.T) {
	a := authority(t)
	update(t, a, func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "root", Email: "root@example.org"})
		return err
	})
	p := ported(t, `INSERT INTO tg_user VALUES (2, 'hanna', '', '', NULL), (3, 'hans', 'hanna@example.org', '', NULL), (4, 'root', '', '', NULL), (5, 'other', 'root@example.org', '', NULL);`)
	r, err := p.Apply(ctx, a, importer.Options{})
	must(t, err)
	const hanna = "the user hanna, tg_user 1 (Hanna) of the source, has the "
	reported(t, r, asHanna, noSecret,
		`tg_user 2 (hanna): not taken: user "hanna": Name: already exists: `+hanna+"name",
		`tg_user 3 (hans): not taken: user "hans": Email: already exists: `+hanna+"address",
		`tg_user 4 (root): not taken: user "root": Name: already exists: the user root has the name`,
		`tg_user 5 (other): not taken: user "other": Email: already exists: the user root has the address`)
}

// In a policy without a table of users, the first line of a user has the name.
func TestNamesOfLines(t *testing.T) {
	a := authority(t)
	r, err := read(t, byRoles, "p, role:editor, post, write\ng, Amy, role:editor\np, Bob, post, read\n").Apply(ctx, a, importer.Options{})
	must(t, err)
	reported(t, r, "policy 2 (g, Amy, role:editor): taken: as the user amy",
		"policy 3 (p, Bob, post, read): taken: through the group user:bob; as the user bob")
}

// A digest without the salt of the site is reported with the setting.
func TestSiteSaltIsMissing(t *testing.T) {
	p := ported(t, "UPDATE tg_user SET password = '2878186de66cb549ee9ce30d06a21f5037bafb6356d7b9c73b52aa0cdc14d29a';")
	for _, plain := range []bool{false, true} {
		r, err := p.Apply(ctx, authority(t), importer.Options{Wrap: true, Plaintext: plain})
		must(t, err)
		reported(t, r, asHanna, "tg_user 1 (Hanna) password: not taken: looks like SHA-256 with the salt of the site: "+
			"set RBAC_SITE_SALT, or TurboGears.SiteSalt, to the salt in the code of the site")
	}
}

// provedGiven compares the rights of a proof that were given since the import.
func provedGiven(t *testing.T, a *rbac.Authority, p *importer.Plan, r *importer.Report, want ...string) {
	t.Helper()
	proof, err := p.Prove(ctx, a, r)
	must(t, err)
	var got []string
	for _, d := range proof.Given {
		got = append(got, d.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("given: %q, want: %q", got, want)
	}
}

// A right that a user was given here since the import is listed, and is no
// difference. A right that the import itself gives, beyond the source, is one,
// whenever the proof is made.
func TestRightsGivenSinceTheImport(t *testing.T) {
	var now atomic.Int64
	a, err := rbac.Open(ctx, memorystore.New(), rbac.Config{Logger: slog.New(slog.DiscardHandler),
		Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1},
		Clock:    func() time.Time { return time.Date(2030, 1, 1, 0, 0, int(now.Load()), 0, time.UTC) }})
	must(t, err)
	defer a.Close()
	addGroups(t, a, map[string]string{"staff": ""})
	update(t, a, func(tx *rbac.Tx) error {
		_, err := tx.AddPermission(rbac.Permission{Name: "page.burn"})
		return errors.Join(err, tx.GrantPermission(rbac.Grant{Group: "staff", Permission: "page.burn"}))
	})
	p := ported(t, "")
	now.Add(60)
	given := func(want ...string) {
		t.Helper()
		r, err := p.Apply(ctx, a, importer.Options{Merge: true})
		must(t, err)
		proved(t, a, p, r, "Hanna: page.burn: only here")
		provedGiven(t, a, p, r, want...)
	}
	given()
	now.Add(60)
	addGroups(t, a, map[string]string{"administrators": "rbac.administer", "guests": ""})
	update(t, a, func(tx *rbac.Tx) error {
		_, err := tx.AddPermission(rbac.Permission{Name: "page.move"})
		return errors.Join(err, tx.GrantPermission(rbac.Grant{Group: "staff", Permission: "page.move"}),
			tx.AddDelegation(rbac.Delegation{Group: "administrators", Assign: []string{"guests"}}),
			tx.AssignUser(rbac.Membership{User: "hanna", Group: "administrators"}))
	})
	given("Hanna: the delegation of administrators"+since, "Hanna: page.move"+since, "Hanna: rbac.administer"+since)
}
