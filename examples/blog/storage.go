package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// openStore opens the file for users and posts alike, or where the program was
// built without the SQLite driver keeps both in memory.
func openStore(ctx context.Context, path string, out io.Writer) (rbac.Store, posts, error) {
	store, err := sqlitestore.Open(ctx, path, sqlitestore.Options{})
	switch {
	case errors.Is(err, sqlitestore.ErrNoCgo):
		fmt.Fprintf(out, "No SQLite: %v.\nUntil then everything is kept in memory and gone when the program ends.\n\n", sqlitestore.ErrNoCgo)
		return memorystore.New(), &memoryPosts{}, nil
	case err != nil:
		return nil, nil, err
	}
	return store, sqlitePosts{}, nil
}
