package rbac

import (
	"time"

	"github.com/rbac-go/rbac/store"
)

// Some changes a user can cause alone, as often as they like: logins beyond Config.MaxTickets, logouts, choices of active
// groups, new passwords. Each is a row of the change log and work for every process. So they are paced: each moves
// store.UserRecord.PacedUntil on by paceEvery, and is refused where that would be too far ahead of the clock. The store keeps the
// count, so all processes together keep to it.
//
// A call that ends tickets is never refused, but counts. Choices are refused before logins are: whoever has a ticket of
// the user's cannot keep the user from logging in.
const (
	paceEvery   = 12 * time.Second // so 300 an hour
	paceChoices = 30 * time.Minute // 150 choices at once, and then one in 12 seconds
	paceLogins  = time.Hour        // 300 of all kinds
)

// pace counts a change that a user causes, unless the change is one too many: then
// it is ErrThrottled. The limit is how far ahead of the clock the user may be.
func (tx *Tx) pace(u store.UserRecord, limit time.Duration) error {
	if err := checkPace(u, tx.now, limit); err != nil {
		return err
	}
	return tx.r.SetPacedUntil(u.ID, tx.now.Add(ahead(u, tx.now)+paceEvery))
}

// checkPace is pace for what changes nothing yet, but lets the user cause a change.
func checkPace(u store.UserRecord, now time.Time, limit time.Duration) error {
	if wait := ahead(u, now) + paceEvery - limit; wait > 0 {
		return &ThrottledError{RetryAfter: wait}
	}
	return nil
}

// countEnd counts a call that has ended tickets of a user, which is never refused.
func (tx *Tx) countEnd(u store.UserRecord) error {
	return tx.r.SetPacedUntil(u.ID, tx.now.Add(min(ahead(u, tx.now)+paceEvery, paceLogins)))
}

// ahead returns by how much a user is ahead of the clock. More than the most that
// is possible, as after the clock was set back, counts as nothing.
func ahead(u store.UserRecord, now time.Time) time.Duration {
	ahead := u.PacedUntil.Sub(now)
	if ahead < 0 || ahead > paceLogins+clockSkew {
		return 0
	}
	return min(ahead, paceLogins)
}
