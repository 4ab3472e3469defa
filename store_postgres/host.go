package postgresstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// Tx returns the transaction of tx for the host's own statements. The
// statements are committed together with the changes of tx, or not at all. In a
// View the statements can only read. Tx returns false if the Authority is not
// on a store of this package.
//
// A failed statement dooms the Update, even if its error is ignored, because
// the server aborts the transaction. Put a statement that may fail into a
// savepoint (Begin of the pgx.Tx). Read rows to their end, or close them,
// before tx is used again. Commit and Rollback are refused: the Update calls
// them. After the transaction every call fails; do not keep the result of Conn.
func Tx(tx *rbac.Tx) (pgx.Tx, bool) {
	return hostTx(tx.Unwrap())
}

func hostTx(unwrapped any) (pgx.Tx, bool) {
	_, s, ok := sqlstore.TxOn[*session](unwrapped)
	if !ok {
		return nil, false
	}
	return host{s.tx}, true
}

// host is a transaction in use by the host.
type host struct{ pgx.Tx }

var errHost = errors.New("the transaction is committed or rolled back by the Update that it belongs to")

func (host) Commit(context.Context) error { return errHost }

func (host) Rollback(context.Context) error { return errHost }
