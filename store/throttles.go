package store

import (
	"time"

	"github.com/google/uuid"
)

// Throttle is a count of failed logins, or a client that is known for the name
// of a user: unique by Key. User is no reference: the user may be gone.
type Throttle struct {
	Key   [32]byte  // a hash of the thing that is counted
	User  uuid.UUID // the user whose logins are counted; zero: none
	Last  time.Time // last use; records without User are evicted in this order
	Until time.Time // the record can be deleted from this time on
	State string    // the count: at most 32 KiB of JSON, opaque to the store
}

// ThrottleRecords is the table of failed logins.
type ThrottleRecords interface {
	// Throttle returns the record of a key. If there is no record, Throttle
	// returns a record with nothing but the Key. In an Update, Throttle keeps
	// other Updates from reading the same key until this one ends.
	Throttle(key [32]byte) (Throttle, error)
	// UserThrottles lists the records of a user in byte order of Key, and locks
	// none of them.
	UserThrottles(user uuid.UUID) ([]Throttle, error)
	PutThrottle(Throttle) error
	DeleteThrottle(key [32]byte) error
	// DeleteIdleThrottles deletes records with Until at or before now. Of the
	// records without User, DeleteIdleThrottles keeps at most as many as keep,
	// the latest by Last, and deletes the others. At most limit records are
	// deleted in all. DeleteIdleThrottles returns the number of deleted
	// records.
	DeleteIdleThrottles(now time.Time, keep, limit int) (int, error)
}
