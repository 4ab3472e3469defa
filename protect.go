package rbac

import "errors"

// protection has the permissions that a transaction must not take from their
// last holder: those of Config.Protected that had a holder before the first
// call of the transaction that could take a permission away.
//
// The state at the end of the transaction counts, so an Update may replace the
// last holder. Updates exclude each other, so two Updates cannot each remove
// one of the last two holders.
type protection struct {
	started     bool
	permissions []string
}

// protect is called before each step that may take a permission from a user.
func (tx *Tx) protect() error {
	if tx.protection.started {
		return nil
	}
	tx.protection.started = true
	for _, permission := range tx.a.cfg.Protected {
		ok, err := tx.rules().HasHolder(permission)
		if err != nil {
			return err
		}
		if ok {
			tx.protection.permissions = append(tx.protection.permissions, permission)
		}
	}
	return nil
}

// checkProtected returns ErrProtected for each permission that would lose its
// last holder.
func (tx *Tx) checkProtected() error {
	var lost []error
	for _, permission := range tx.protection.permissions {
		ok, err := tx.rules().HasHolder(permission)
		if err != nil {
			return err
		}
		if !ok {
			lost = append(lost, &Error{Kind: ErrProtected, Record: "permission", Name: permission})
		}
	}
	return errors.Join(lost...)
}
