package rbac

import (
	"context"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/throttle"
)

// Unlock forgets the failed logins of a user, so that unknown clients can log
// in again. Unlock ends no ticket, and known devices and address prefixes stay
// known. A user without failures is left unchanged.
//
// Errors: ErrInvalid for an impossible name; ErrNotFound; ErrUnavailable.
func (a *Authority) Unlock(ctx context.Context, user string) error {
	return a.Update(ctx, func(tx *Tx) error { return tx.Unlock(user) })
}

// Unlock is [Authority.Unlock] in this transaction.
func (tx *Tx) Unlock(user string) error {
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

// knownClients determines what clearFailures does with the known clients of a
// user.
type knownClients int

const (
	endClients  knownClients = iota // all become unknown
	keepClients                     // all stay known
)

// clearFailures forgets the failures of a user, and returns the number of
// budgets with failures.
func (tx *Tx) clearFailures(user uuid.UUID, known knownClients) (cleared int, err error) {
	rows, err := tx.r.UserThrottles(user)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		rec, err := decode[throttle.Record](row)
		if err != nil {
			return 0, err
		}
		failed := rec.Failures > 0
		if failed {
			cleared++
		}
		switch {
		case known == endClients || !rec.Client.Known():
			err = forget(tx.r, row.Key)
		case failed:
			rec.Failures = 0
			err = setState(tx.r, row, rec)
		}
		if err != nil {
			return 0, err
		}
	}
	return cleared, nil
}
