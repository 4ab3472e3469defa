package rbac

import "github.com/rbac-go/rbac/store"

// Store is the backend of an Authority: tables in memory, in SQLite, on a
// server. Programs open a store with package store_memory, store_sqlite or
// store_postgres and pass it to [Open]. Package store describes the contract
// for authors of backends.
type Store = store.Store

// The row types of package store have the fields of the types of this package.
// A conversion between the two does not compile if the fields drift apart.

func publicSection(s store.Section) Section { return Section(s) }

func publicPermission(p store.Permission) Permission { return Permission(p) }

func publicGroup(g store.Group) Group { return Group(g) }

// publicRows lists a table of a store, converted to a type of this package.
func publicRows[S, T any](list func() ([]S, error), convert func(S) T) ([]T, error) {
	stored, err := list()
	if stored == nil {
		return nil, err
	}
	converted := make([]T, len(stored))
	for i, s := range stored {
		converted[i] = convert(s)
	}
	return converted, err
}
