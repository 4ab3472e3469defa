package store

import "errors"

// The errors of a store, for [errors.Is]. Package rbac has the same values
// under the same names.
var (
	// ErrNotFound: there is no record of that name, key or id.
	ErrNotFound = errors.New("rbac: not found")
	// ErrInvalid: an argument breaks a rule that does not depend on the
	// contents of the store.
	ErrInvalid = errors.New("rbac: invalid")
	// ErrReadOnly: a write was attempted inside a View.
	ErrReadOnly = errors.New("rbac: read only")
	// ErrBusy: other transactions were in the way for too long. Nothing was
	// done.
	ErrBusy = errors.New("rbac: busy")
	// ErrUnavailable: the store cannot be reached, or failed.
	ErrUnavailable = errors.New("rbac: store unavailable")
	// ErrTxDone: Records were used after the function that received them had
	// returned. This is a mistake in the program; a retry does not help.
	ErrTxDone = errors.New("rbac: transaction is over")
)
