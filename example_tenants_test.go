package rbac_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// deleteOrg deletes an organisation with its memberships. The host's row and the
// memberships go in one transaction.
func deleteOrg(ctx context.Context, auth *rbac.Authority, token rbac.Token, org string) error {
	return auth.Update(ctx, func(tx *rbac.Tx) error {
		if err := tx.Check(token, rbac.In("org:"+org, rbac.HasPermission("org.delete"))); err != nil {
			return err
		}
		db, ok := sqlitestore.Tx(tx) // on PostgreSQL: postgresstore.Tx
		if !ok {
			return errors.New("the store is not on SQLite")
		}
		if _, err := db.ExecContext(ctx, "DELETE FROM orgs WHERE id = ?", org); err != nil {
			return err
		}
		_, err := tx.EndScope("org:" + org)
		return err
	})
}

// keepsLead refuses a change that leaves an organisation without a lead. Call
// keepsLead after the change, in the same Update.
func keepsLead(tx *rbac.Tx, scope string) error {
	for m, err := range tx.Memberships(rbac.MembershipQuery{Group: "leads", Scopes: []string{scope}}) {
		if err != nil {
			return err
		}
		if u, err := tx.User(m.User); err != nil || !u.Disabled && m.Until.IsZero() {
			return err
		}
	}
	return &rbac.Error{Kind: rbac.ErrConflict, Record: "membership", Reason: "every organisation keeps a lead"}
}

// takeBack ends a membership. If the account is unused and has no other
// membership, takeBack deletes the account: no lead could invite an account
// without a membership again.
func takeBack(tx *rbac.Tx, m rbac.Membership) error {
	u, err := tx.User(m.User)
	if err != nil {
		return err
	}
	all, err := tx.AssignedGroups(u.Name)
	if err != nil {
		return err
	}
	if u.Subject == "" && u.LastLogin.IsZero() && len(all) == 1 && all[0].Group == m.Group && all[0].Scope == m.Scope {
		return tx.DeleteUser(u.Name)
	}
	return tx.DeassignUser(m)
}

// issueRobot makes a robot of an organisation, and returns its key.
func issueRobot(ctx context.Context, auth *rbac.Authority, token rbac.Token, org, label string) (key rbac.Token, err error) {
	mayManage := rbac.All(rbac.HasPermission("key.manage"), rbac.AuthenticatedWithin(15*time.Minute))
	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		if err := tx.Check(token, rbac.In("org:"+org, mayManage)); err != nil {
			return err
		}
		robot, err := tx.AddUser(rbac.User{Name: "robot:" + uuid.NewString(), DisplayName: label})
		if err != nil {
			return err
		}
		if err := tx.AssignUser(rbac.Membership{User: robot.Name, Group: "readers", Scope: "org:" + org}); err != nil {
			return err
		}
		key, err = tx.IssueKey(rbac.APIKey{User: robot.Name, Label: label, Expires: tx.Now().AddDate(0, 0, 90)})
		return err
	})
	return key, err
}

// The functions of docs/scopes.md, docs/openid.md and docs/apikeys.md about
// tenants keep each lead within the own organisation.
func TestTenants(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	st, err := sqlitestore.Open(ctx, filepath.Join(t.TempDir(), "rbac.db"), sqlitestore.Options{})
	must(t, err)
	defer st.Close()
	a, err := rbac.Open(ctx, st, rbac.Config{})
	must(t, err)
	defer a.Close()
	must(t, a.Declare(ctx, rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "org.delete"}, {Name: "key.manage"}, {Name: "doc.read"}},
		Groups:      []rbac.Group{{Name: "leads"}, {Name: "readers"}},
		Grants: []rbac.Grant{{Group: "leads", Permission: "org.delete"}, {Group: "leads", Permission: "key.manage"},
			{Group: "readers", Permission: "doc.read"}},
		Delegations: []rbac.Delegation{{Group: "leads", Assign: []string{"leads", "readers"}, Users: true}},
	}))
	add := func(tx *rbac.Tx, user, group, scope string) error {
		_, err := tx.AddUser(rbac.User{Name: user})
		return errors.Join(err, tx.AssignUser(rbac.Membership{User: user, Group: group, Scope: scope}))
	}
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		db, _ := sqlitestore.Tx(tx)
		_, err := db.ExecContext(ctx, "CREATE TABLE orgs (id TEXT PRIMARY KEY); INSERT INTO orgs VALUES ('1'), ('2')")
		return errors.Join(err, add(tx, "lea", "leads", "org:1"), add(tx, "mo", "leads", "org:2"))
	}))
	lea, err := a.Identity(ctx, "lea")
	must(t, err)
	token, err := a.Issue(ctx, rbac.Login{User: "lea"})
	must(t, err)

	key, err := issueRobot(ctx, a, token, "1", "nightly")
	must(t, err)
	robot, err := a.Identify(ctx, key)
	must(t, err)
	for scope, want := range map[string]bool{"org:1": true, "org:2": false} {
		if got := robot.In(scope).HasPermission("doc.read"); got != want {
			t.Errorf("the robot reads in %s: %v", scope, got)
		}
	}
	if _, err := issueRobot(ctx, a, token, "2", "nightly"); !errors.Is(err, rbac.ErrDenied) {
		t.Errorf("a robot of another organisation: %v", err)
	}
	if _, err := issueRobot(ctx, a, key, "1", "more"); !errors.Is(err, rbac.ErrDenied) {
		t.Errorf("a robot makes a robot: %v", err)
	}

	invite := func(tx *rbac.Tx) error { return add(tx, "nina", "readers", "org:1") }
	back := func(user, group string) error {
		return a.UpdateAs(ctx, lea, func(tx *rbac.Tx) error {
			return errors.Join(takeBack(tx, rbac.Membership{User: user, Group: group, Scope: "org:1"}), keepsLead(tx, "org:1"))
		})
	}
	for range 2 { // the account is gone, and can be invited again
		must(t, a.UpdateAs(ctx, lea, invite))
		must(t, back("nina", "readers"))
	}
	must(t, a.UpdateAs(ctx, lea, invite))
	_, err = a.Issue(ctx, rbac.Login{User: "nina"})
	must(t, err)
	must(t, back("nina", "readers"))
	if _, err := a.Identity(ctx, "nina"); err != nil {
		t.Errorf("an account in use is deleted: %v", err)
	}
	if err := back("lea", "leads"); !errors.Is(err, rbac.ErrConflict) {
		t.Errorf("the last lead leaves: %v", err)
	}
	must(t, a.UpdateAs(ctx, lea, func(tx *rbac.Tx) error { return add(tx, "lou", "leads", "org:1") }))
	must(t, back("lou", "leads"))

	if err := deleteOrg(ctx, a, token, "2"); !errors.Is(err, rbac.ErrDenied) {
		t.Errorf("another organisation is deleted: %v", err)
	}
	must(t, deleteOrg(ctx, a, token, "1"))
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		var orgs string
		db, _ := sqlitestore.Tx(tx)
		if err := db.QueryRowContext(ctx, "SELECT group_concat(id) FROM orgs").Scan(&orgs); err != nil {
			return err
		}
		for m, err := range tx.Memberships(rbac.MembershipQuery{}) {
			if err != nil || orgs != "2" || m.Scope != "org:2" {
				t.Errorf("orgs %s, membership %+v, %v", orgs, m, err)
			}
		}
		return nil
	}))
}
