package throttle

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// AddDevice adds a device with a key, made with a ticket. The caller has locked
// the user. A ticket has a single device, which inherits the failures of an
// earlier one. A user has at most maxDevices devices.
func AddDevice(r store.ThrottleRecords, key [32]byte, t store.Ticket, now time.Time) error {
	devices, err := keepLatest(r, t.User, KnownDevice, maxDevices)
	if err != nil {
		return err
	}
	fresh := record{Client: KnownDevice, Ticket: &t.ID}
	ofTicket := func(row store.Throttle) bool {
		rec, err := decode[record](row)
		return err == nil && rec.Ticket != nil && *rec.Ticket == t.ID
	}
	if i := slices.IndexFunc(devices, ofTicket); i >= 0 {
		// Read again under the row's lock. An attempt under way with the old
		// device will find no row to count in, and counts as failed.
		row, err := r.Throttle(devices[i].Key)
		if err != nil {
			return err
		}
		old, err := decode[record](row)
		if err != nil {
			return err
		}
		fresh.Failures = old.Failures + len(old.Reserved)
		if err := forget(r, row.Key); err != nil {
			return err
		}
	} else if len(devices) == maxDevices {
		if err := forget(r, devices[maxDevices-1].Key); err != nil {
			return err
		}
	}
	row := store.Throttle{Key: key, User: t.User, Last: now, Until: now.Add(deviceLasts)}
	return setState(r, row, fresh)
}

// Clear forgets the failures of a user, and returns the number of budgets with
// failures. Known clients stay known.
func Clear(r store.ThrottleRecords, user uuid.UUID) (cleared int, err error) {
	return clearFailures(r, user, true)
}

// ClearAll is Clear, and makes all known clients of the user unknown.
func ClearAll(r store.ThrottleRecords, user uuid.UUID) error {
	_, err := clearFailures(r, user, false)
	return err
}

func clearFailures(r store.ThrottleRecords, user uuid.UUID, keep bool) (cleared int, err error) {
	rows, err := r.UserThrottles(user)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		rec, err := decode[record](row)
		if err != nil {
			return 0, err
		}
		failed := rec.Failures > 0
		if failed {
			cleared++
		}
		switch {
		case !keep || !rec.Client.Known():
			err = forget(r, row.Key)
		case failed:
			rec.Failures = 0
			err = setState(r, row, rec)
		}
		if err != nil {
			return 0, err
		}
	}
	return cleared, nil
}

// keepLatest deletes all but the latest known clients of a kind, and returns
// the rest, the latest first.
func keepLatest(r store.ThrottleRecords, user uuid.UUID, kind Client, most int) (
	[]store.Throttle, error) {
	rows, err := r.UserThrottles(user)
	if err != nil {
		return nil, err
	}
	var faults []error
	rows = slices.DeleteFunc(rows, func(row store.Throttle) bool {
		rec, err := decode[record](row)
		faults = append(faults, err)
		return rec.Client != kind
	})
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, func(a, b store.Throttle) int { return b.Last.Compare(a.Last) })
	for _, row := range rows[min(most, len(rows)):] {
		if err := forget(r, row.Key); err != nil {
			return nil, err
		}
	}
	return rows[:min(most, len(rows))], nil
}

// forget deletes a row. A missing row is no error.
func forget(r store.ThrottleRecords, key [32]byte) error {
	if err := r.DeleteThrottle(key); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// decode returns the state in a row, or the zero state if the row is not
// stored.
func decode[T any](row store.Throttle) (state T, err error) {
	if row.State == "" {
		return state, nil
	}
	if err := json.Unmarshal([]byte(row.State), &state); err != nil {
		return state, fmt.Errorf("%w: a count of failed logins is unreadable: %w", store.ErrUnavailable, err)
	}
	return state, nil
}

// setState writes a row with a state.
func setState(r store.ThrottleRecords, row store.Throttle, state any) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	row.State = string(text)
	return r.PutThrottle(row)
}
