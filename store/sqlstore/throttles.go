package sqlstore

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

const throttleColumns = "key, user_id, last, until, state"

func (r *records) Throttle(key [32]byte) (store.Throttle, error) {
	const call = "Throttle"
	lock := r.locks().Update
	t, err := one(r, call, scanThrottle, "SELECT "+throttleColumns+" FROM rbac_throttles WHERE key = ?"+lock, key[:])
	if errors.Is(err, store.ErrNotFound) && lock != "" {
		// A missing row cannot be locked, so an empty one is added. Another
		// transaction may have added the row meanwhile.
		t, err = one(r, call, scanThrottle, `INSERT INTO rbac_throttles (`+throttleColumns+`) VALUES (?, ?, ?, ?, '')
			ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING `+throttleColumns, key[:], uuid.Nil, zeroTime, zeroTime)
	}
	if errors.Is(err, store.ErrNotFound) {
		return store.Throttle{Key: key}, nil
	}
	return t, err
}

func (r *records) UserThrottles(user uuid.UUID) ([]store.Throttle, error) {
	return all(r, "UserThrottles", scanThrottle, "SELECT "+throttleColumns+" FROM rbac_throttles WHERE user_id = ? ORDER BY key", user)
}

func (r *records) PutThrottle(t store.Throttle) error {
	return r.add("PutThrottle", `INSERT INTO rbac_throttles (`+throttleColumns+`) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET user_id = excluded.user_id, last = excluded.last, until = excluded.until, state = excluded.state`,
		t.Key[:], t.User, micros(t.Last), micros(t.Until), t.State)
}

func (r *records) DeleteThrottle(key [32]byte) error {
	return r.change("DeleteThrottle", "DELETE FROM rbac_throttles WHERE key = ?", key[:])
}

func (r *records) DeleteIdleThrottles(now time.Time, keep, limit int) (int, error) {
	const call = "DeleteIdleThrottles"
	n, err := r.exec(call, `DELETE FROM rbac_throttles WHERE key IN
		(SELECT key FROM rbac_throttles WHERE until <= ? LIMIT ?`+r.locks().Skip+")", micros(now), most(limit))
	if err != nil || n >= limit {
		return n, err
	}
	// The cut is found without locks: a lock would also lock the rows that
	// OFFSET skips.
	cut, err := all(r, call, scanMicros, `SELECT last FROM rbac_throttles WHERE user_id = ? ORDER BY last DESC LIMIT 1 OFFSET ?`, uuid.Nil, most(keep))
	if err != nil || len(cut) == 0 {
		return n, err
	}
	beyond, err := r.exec(call, `DELETE FROM rbac_throttles WHERE key IN
		(SELECT key FROM rbac_throttles WHERE user_id = ? AND last <= ? ORDER BY last LIMIT ?`+r.locks().Skip+")",
		uuid.Nil, cut[0], most(limit-n))
	return n + beyond, err
}

func scanMicros(row Row) (int64, error) {
	var n int64
	return n, row.Scan(&n)
}

func scanThrottle(row Row) (store.Throttle, error) {
	var t store.Throttle
	var key []byte
	err := row.Scan(&key, &t.User, moment{&t.Last}, moment{&t.Until}, &t.State)
	copy(t.Key[:], key)
	return t, err
}
