package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// openStore opens the database for users and posts alike, on a PostgreSQL
// server or in an SQLite file. A program that was built without the SQLite
// driver keeps both in memory.
func openStore(ctx context.Context, db string, out io.Writer) (rbac.Store, posts, error) {
	if strings.HasPrefix(db, "postgres://") || strings.HasPrefix(db, "postgresql://") {
		store, err := postgresstore.Open(ctx, db, postgresstore.Options{})
		if err != nil {
			return nil, nil, err
		}
		return store, postgresPosts{}, nil
	}
	store, err := sqlitestore.Open(ctx, db, sqlitestore.Options{})
	switch {
	case errors.Is(err, sqlitestore.ErrNoCgo):
		fmt.Fprintf(out, "No SQLite: %v.\nUntil then everything is kept in memory and gone when the program ends.\n\n", sqlitestore.ErrNoCgo)
		return memorystore.New(), &memoryPosts{}, nil
	case err != nil:
		return nil, nil, err
	}
	return store, sqlitePosts{}, nil
}
