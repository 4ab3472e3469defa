package rbac_test

import (
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
)

// hooked returns a store with hooks.
func hooked(s rbac.Store, hooks storefault.Hooks) rbac.Store {
	return &storefault.Store{Store: s, Hooks: hooks}
}

// whileUpdating returns a store that calls a function before each call of Records in
// an Update.
func whileUpdating(s rbac.Store, call func(name string, args []any) error) rbac.Store {
	return hooked(s, storefault.Hooks{Call: func(c storefault.Call) error {
		if !c.Update {
			return nil
		}
		return call(c.Name, c.Args)
	}})
}
