package rbac

import "context"

// Tx is one transaction.
type Tx struct {
	a        *Authority
	ctx      context.Context
	r        Records
	readOnly bool
}

// Unwrap returns the store's own transaction, if the store gives it away, and nil otherwise. It is for store
// packages, which turn it into a type of their driver.
func (tx *Tx) Unwrap() any {
	if u, ok := tx.r.(interface{ Unwrap() any }); ok {
		return u.Unwrap()
	}
	return nil
}
