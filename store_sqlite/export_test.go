package sqlitestore

import (
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore/sqlite"
)

// HostTx is Tx without an Authority.
func HostTx(r store.Records) (DBTX, bool) {
	u, ok := r.(interface{ Unwrap() any })
	if !ok {
		return nil, false
	}
	return sqlite.Tx(u)
}
