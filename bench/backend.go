package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	memorystore "github.com/rbac-go/rbac/store_memory"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// backend is a kind of store.
type backend struct {
	name  string
	start func() (*database, error)
}

// backends are all kinds of stores, in the order of the table.
var backends = []backend{
	{"memory", startMemory},
	{"SQLite", startSQLite},
	{postgresName, startPostgres},
}

// database holds the data of stores.
type database struct {
	open func() (rbac.Store, error) // opens another store on the same data
	stop func() error               // removes the data; all stores are closed
}

// startMemory opens the same store every time: memory is not shared in any
// other way. The store may be closed more than once.
func startMemory() (*database, error) {
	store := memorystore.New()
	return &database{
		open: func() (rbac.Store, error) { return store, nil },
		stop: func() error { return nil },
	}, nil
}

func startSQLite() (*database, error) {
	folder, err := os.MkdirTemp("", "rbac-bench")
	if err != nil {
		return nil, err
	}
	return &database{
		open: func() (rbac.Store, error) {
			return sqlitestore.Open(context.Background(), filepath.Join(folder, "rbac.db"), sqlitestore.Options{})
		},
		stop: func() error { return os.RemoveAll(folder) },
	}, nil
}

const postgresName = "PostgreSQL"

// startPostgres returns errNotInstalled without a server to start.
func startPostgres() (*database, error) {
	dsn, stop, err := postgrestest.Serve()
	if errors.Is(err, postgrestest.ErrNotInstalled) {
		return nil, errors.Join(errNotInstalled, err)
	}
	if err != nil {
		return nil, err
	}
	return &database{
		open: func() (rbac.Store, error) {
			return postgresstore.Open(context.Background(), dsn, postgresstore.Options{})
		},
		stop: func() error { stop(); return nil },
	}, nil
}

// errNotInstalled is the error of a backend that this machine cannot start.
var errNotInstalled = errors.New("the store cannot be started on this machine")
