package sqlstore

import (
	"errors"
	"time"

	"github.com/rbac-go/rbac"
)

func (r *records) Throttle(key [32]byte) (rbac.ThrottleRecord, error) {
	const call = "Throttle"
	lock := r.locks().Update
	t, err := one(r, call, scanThrottle, "SELECT failures, halved, last, succeeded FROM rbac_throttles WHERE key = ?"+lock, key[:])
	if errors.Is(err, rbac.ErrNotFound) && lock != "" {
		// A row that is not there cannot be locked: so there is one that says nothing, or another's that was added meanwhile.
		t, err = one(r, call, scanThrottle, `INSERT INTO rbac_throttles (key, failures, halved, last, succeeded) VALUES (?, 0, ?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING failures, halved, last, succeeded`, key[:], zeroTime, zeroTime, zeroTime)
	}
	if err != nil && !errors.Is(err, rbac.ErrNotFound) {
		return rbac.ThrottleRecord{}, err
	}
	t.Key = key
	return t, nil
}

func (r *records) SetThrottle(t rbac.ThrottleRecord) error {
	return r.add("SetThrottle", `INSERT INTO rbac_throttles (key, failures, halved, last, succeeded) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, halved = excluded.halved, last = excluded.last, succeeded = excluded.succeeded`,
		t.Key[:], t.Failures, micros(t.Halved), micros(t.Last), micros(t.Succeeded))
}

// The zero time is before all others, so that "zero or before" is one comparison.
func (r *records) DeleteIdleThrottles(last, succeeded time.Time, limit int) (int, error) {
	return r.exec("DeleteIdleThrottles", `DELETE FROM rbac_throttles WHERE key IN
		(SELECT key FROM rbac_throttles WHERE last < ? AND (succeeded = ? OR succeeded < ?) LIMIT ?`+r.locks().Skip+")",
		micros(last), zeroTime, micros(succeeded), most(limit))
}

func scanThrottle(row Row) (rbac.ThrottleRecord, error) {
	var t rbac.ThrottleRecord
	return t, row.Scan(&t.Failures, moment{&t.Halved}, moment{&t.Last}, moment{&t.Succeeded})
}
