package throttle

import "time"

// A user can cause some changes alone, as often as the user likes: logins
// beyond the limit of tickets, logouts, choices of active groups, new
// passwords. Each is a row of the change log, and work for every process. So
// these changes are paced: each moves store.UserRecord.PacedUntil on, and is
// refused if PacedUntil would be too far ahead of the clock. PacedUntil is in
// the store: the limit holds for all processes together.
const (
	PaceChoices = 30 * time.Minute // 150 choices at once, and then one in 12 seconds
	PaceLogins  = time.Hour        // 300 changes of all kinds

	paceEvery = 12 * time.Second // so 300 an hour
)

// PaceWait returns how long a change has to wait, or zero. The limit is how far
// ahead of the clock the user may be after the change.
func PaceWait(pacedUntil, now time.Time, limit time.Duration) time.Duration {
	return max(0, ahead(pacedUntil, now)+paceEvery-limit)
}

// Pace returns the next PacedUntil, after a change.
func Pace(pacedUntil, now time.Time) time.Time {
	return now.Add(min(ahead(pacedUntil, now)+paceEvery, PaceLogins))
}

// ahead returns by how much a user is ahead of the clock. An impossible time,
// as after the clock was set back, counts as zero.
func ahead(pacedUntil, now time.Time) time.Duration {
	by := pacedUntil.Sub(now)
	if by < 0 || by > PaceLogins+clockSkew {
		return 0
	}
	return min(by, PaceLogins)
}
