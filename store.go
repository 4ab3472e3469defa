package rbac

import "github.com/rbac-go/rbac/store"

// Store is the backend of an Authority: tables in memory, in SQLite, on a
// server. Programs open a store with package store_memory, store_sqlite or
// store_postgres and pass it to [Open]. Package store describes the contract
// for authors of backends.
type Store = store.Store
