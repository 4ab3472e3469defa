package postgresstore_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// The tables are dumped while the service works, and restored. What was changed
// after the dump is gone, so tickets that had ended are alive again, until they
// are ended once more.
func TestDumpAndRestore(t *testing.T) {
	for _, tool := range []string{"pg_dump", "pg_restore"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s (Debian's package is called postgresql-client)", tool)
		}
	}
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	ctx := rbac.WithActor(t.Context(), "operator")
	open := func() (*rbac.Authority, func()) {
		s := mustOpen(t, dsn, postgresstore.Options{Schema: schema})
		a, err := rbac.Open(ctx, s, rbac.Config{})
		must(t, err)
		return a, func() { a.Close(); s.Close() }
	}
	a, closeAll := open()
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		_, err1 := tx.AddUser(rbac.User{Name: "zoë"})
		_, err2 := tx.AddGroup(rbac.Group{Name: "編集者"})
		return errors.Join(err1, err2, tx.AssignUser(rbac.Membership{User: "zoë", Group: "編集者", Note: "a 'note'\n"}))
	}))
	token, err := a.Issue(ctx, rbac.Login{User: "zoë"})
	must(t, err)

	dump := filepath.Join(t.TempDir(), "rbac.dump")
	run(t, "pg_dump", "--format=custom", "--schema="+schema, "--file="+dump, dsn)
	must(t, a.Logout(ctx, token))
	must(t, a.Update(ctx, func(tx *rbac.Tx) error { return tx.DeleteUser("zoë") }))
	closeAll()
	run(t, "pg_restore", "--clean", "--if-exists", "--single-transaction", "--dbname="+dsn, dump)

	a, closeAll = open()
	defer closeAll()
	must(t, a.Judge(ctx, token, rbac.InGroup("編集者"))) // although zoë had logged out
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		_, err := tx.EndTickets("")
		return err
	}))
	if err := a.Judge(ctx, token, rbac.InGroup("編集者")); !errors.Is(err, rbac.ErrNoTicket) {
		t.Errorf("after EndTickets the ticket is answered with %v", err)
	}
}

func run(t *testing.T, program string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(context.Background(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}
