package rbac

import (
	"context"

	"github.com/google/uuid"
)

// Unlock forgets the failed logins of a user, so that clients that are not known
// for the user can log in again. It ends no ticket, and devices and address
// prefixes that are known stay known. A user without failures is left as is.
//
// Errors: ErrInvalid for what cannot be a name; ErrNotFound; ErrUnavailable.
func (a *Authority) Unlock(ctx context.Context, user string) error {
	return a.Update(ctx, func(tx *Tx) error { return tx.Unlock(user) })
}

// Unlock is [Authority.Unlock] in this transaction.
func (tx *Tx) Unlock(user string) error {
	if err := tx.writable(); err != nil {
		return err
	}
	u, err := tx.lockUser(user)
	if err != nil {
		return err
	}
	cleared := 0
	return tx.write(
		func() (err error) { cleared, err = tx.clearFailures(u.ID, keepClients); return err },
		func() error {
			if cleared == 0 {
				return nil
			}
			return tx.log(Change{Action: "Unlock", Subject: u.Name, SubjectID: u.ID}, nil, nil)
		})
}

// What clearFailures leaves of the clients that are known for a user.
type clients int

const (
	everyClient clients = iota // is forgotten
	keepClients                // none is forgotten
)

// clearFailures forgets the failures of a user, and returns in how many budgets
// there were any.
func (tx *Tx) clearFailures(user uuid.UUID, left clients) (cleared int, err error) {
	records, err := tx.r.UserThrottles(user)
	if err != nil {
		return 0, err
	}
	for _, rec := range records {
		b, err := stateOf[budget](rec)
		if err != nil {
			return 0, err
		}
		if b.Failures > 0 {
			cleared++
		}
		if left == keepClients && (b.Client == knownPrefix || b.Client == knownDevice) {
			if b.Failures > 0 {
				b.Failures = 0
				err = setState(tx.r, rec, b)
			}
		} else {
			err = forget(tx.r, rec.Key)
		}
		if err != nil {
			return 0, err
		}
	}
	return cleared, nil
}
