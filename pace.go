package rbac

import (
	"time"

	"github.com/rbac-go/rbac/store"
)

// A user can cause some changes alone, as often as the user likes: logins
// beyond Config.MaxTickets, logouts, choices of active groups, new passwords.
// Each is a row of the change log, and work for every process. So these changes
// are paced: each moves store.UserRecord.PacedUntil on by paceEvery, and is
// refused if PacedUntil would be too far ahead of the clock. PacedUntil is in
// the store: the limit holds for all processes together.
//
// A call that ends tickets is never refused, but counts. Choices are refused
// before logins are: the holder of a ticket must not be able to keep the user
// from logging in.
const (
	paceEvery   = 12 * time.Second // so 300 an hour
	paceChoices = 30 * time.Minute // 150 choices at once, and then one in 12 seconds
	paceLogins  = time.Hour        // 300 changes of all kinds
)

// pace counts a change by a user, or refuses the change with ErrThrottled. The
// limit is how far ahead of the clock the user may be.
func (tx *Tx) pace(u store.UserRecord, limit time.Duration) error {
	if err := checkPace(u, tx.now, limit); err != nil {
		return err
	}
	return tx.r.SetPacedUntil(u.ID, tx.now.Add(paceAhead(u, tx.now)+paceEvery))
}

// checkPace refuses a change as pace does, and counts nothing.
func checkPace(u store.UserRecord, now time.Time, limit time.Duration) error {
	if wait := paceAhead(u, now) + paceEvery - limit; wait > 0 {
		return &ThrottledError{RetryAfter: wait}
	}
	return nil
}

// countEnd counts a call that has ended tickets of a user, and refuses nothing.
func (tx *Tx) countEnd(u store.UserRecord) error {
	return tx.r.SetPacedUntil(u.ID, tx.now.Add(min(paceAhead(u, tx.now)+paceEvery, paceLogins)))
}

// paceAhead returns by how much a user is ahead of the clock. An impossible
// time, as after the clock was set back, counts as zero.
func paceAhead(u store.UserRecord, now time.Time) time.Duration {
	ahead := u.PacedUntil.Sub(now)
	if ahead < 0 || ahead > paceLogins+clockSkew {
		return 0
	}
	return min(ahead, paceLogins)
}
