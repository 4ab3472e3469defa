package store

import (
	"iter"
	"time"

	"github.com/google/uuid"
)

// Login is an entry in the list of a user's logins: a login that succeeded, or
// failed logins that are counted together. Unique by ID. User exists.
type Login struct {
	ID, User  uuid.UUID
	Failed    bool
	First     time.Time
	Last      time.Time
	Count     int
	Addr      string // a network in CIDR notation, or empty
	UserAgent string
	Method    string
	Outcome   string
}

// UserLogin is a login together with the name of its user.
type UserLogin struct {
	Login
	UserName string
}

// LoginKind is a kind of logins in a filter.
type LoginKind uint8

// The kinds of logins, by Login.Failed.
const (
	AnyLogin LoginKind = iota
	SuccessfulLogin
	FailedLogin
)

// LoginPlace is a place in a listing by First, then ID.
type LoginPlace struct {
	First time.Time
	ID    uuid.UUID
}

// LoginFilter selects logins. The zero filter selects all logins.
type LoginFilter struct {
	User  uuid.UUID  // only the logins of this user; zero: of all users
	Kind  LoginKind  // only logins of this kind
	After LoginPlace // only logins that come after this place; zero: no bound
}

// LoginRecords is the table of logins. A user has a few hundred at most, and
// DeleteUser deletes them.
type LoginRecords interface {
	// Logins lists by First, then ID, the greatest first.
	Logins(LoginFilter) iter.Seq2[UserLogin, error]
	// CountLogin adds a record. If there is a record with the same ID,
	// CountLogin instead adds Count to the Count of that record, keeps the
	// later Last, replaces UserAgent, and changes nothing else. Of the records
	// of the user with the same Failed, CountLogin then keeps the greatest by
	// First, then ID, as many as keep, and deletes the others. CountLogin does
	// nothing if there is no such user: a login for a name without a user takes
	// as long. The caller has locked the user.
	CountLogin(l Login, keep int) error
	// DeleteLogins deletes at most limit records whose First is before a time,
	// and returns the number of deleted records.
	DeleteLogins(before time.Time, limit int) (int, error)
}
