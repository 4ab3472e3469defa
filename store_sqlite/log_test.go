package sqlitestore_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/memdir"
)

// An Update costs no more with a long change log behind it. The shortest of
// many times says nothing about other load on the machine.
func TestChangeCostsNoMoreWithALongLog(t *testing.T) {
	path := filepath.Join(memdir.New(t), "rbac.db")
	a, err := rbac.Open(t.Context(), mustOpen(t, path), rbac.Config{Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	defer a.Close()
	ctx := rbac.WithActor(t.Context(), "test")
	groups := 0
	shortest := func() time.Duration {
		least := time.Hour
		for range 50 {
			groups++
			start := time.Now()
			must(t, a.Update(ctx, func(tx *rbac.Tx) error {
				_, err := tx.AddGroup(rbac.Group{Name: fmt.Sprint("group", groups)})
				return err
			}))
			least = min(least, time.Since(start))
		}
		return least
	}
	short := shortest()
	lengthen(t, path, 50_000)
	if long := shortest(); long > 5*short {
		t.Errorf("an Update takes %v with 50,000 older changes, and %v with few", long, short)
	}
}

// lengthen adds n older entries to the change log.
func lengthen(t *testing.T, path string, n int) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), `WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ?)
		INSERT INTO rbac_changes (revision, nonce, seq, at, actor, verified, acted_for, reason, action, subject, object, scope,
			subject_id, object_id, before_json, after_json, behind)
		SELECT -i, 0, 0, i, 'test', 0, 0, '', 'AddGroup', 'old' || i, '', '', '', '', NULL, NULL, 0 FROM numbers`, n)
	must(t, err)
}
