package storecare

import (
	"context"
	"fmt"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// Backup copies an SQLite store into a new file; see Backup of
// store/sqlstore/sqlite. Any other store is ErrInvalid.
func Backup(ctx context.Context, s store.Store, path string) error {
	b, ok := s.(interface {
		Backup(ctx context.Context, path string) error
	})
	if !ok {
		return fmt.Errorf("%w: only an SQLite store can be copied into a file: use the tools of the database, such as pg_dump", rbac.ErrInvalid)
	}
	return b.Backup(ctx, path)
}
