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
	return publicEach(stored, convert), err
}

// publicEach converts rows; nil stays nil.
func publicEach[S, T any](rows []S, convert func(S) T) []T {
	if rows == nil {
		return nil
	}
	converted := make([]T, len(rows))
	for i, row := range rows {
		converted[i] = convert(row)
	}
	return converted
}
