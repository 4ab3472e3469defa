package sqlitestore

import "github.com/rbac-go/rbac"

// HostTx is Tx without an Authority.
func HostTx(r rbac.Records) (DBTX, bool) {
	u, ok := r.(interface{ Unwrap() any })
	if !ok {
		return nil, false
	}
	return hostTx(u.Unwrap())
}
