package rbac

import (
	"errors"
	"iter"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/loginlog"
	"github.com/rbac-go/rbac/store"
)

// LoginRecord is a login that succeeded, or counts the failed logins of a user
// that have From, Method, Outcome and the hour (in UTC) in common.
type LoginRecord struct {
	ID, UserID uuid.UUID    // the ID of a success is the ID of its ticket
	User       string       // the name of the user now
	At, Last   time.Time    // the first and the last attempt
	Count      int          // attempts
	From       netip.Prefix // of a success the address, of failures the IPv6 /64 or IPv4 /32; zero: unknown
	UserAgent  string       // of the last attempt; cut at 256 bytes
	// Method is "password" for Login, "host" for Issue, "key" if an API key was
	// made, and "change" for the old password in a ChangePassword that failed.
	Method string
	// Outcome is "success"; "wrong password"; "disabled", whatever the password
	// was; or, with the right password, "throttled" after too many logins and
	// logouts, or "refused" for the groups that the login named.
	Outcome string
}

// LoginKind is a condition on logins in a [LoginQuery]. Zero is AnyLogin.
type LoginKind uint8

const (
	AnyLogin LoginKind = iota
	SuccessfulLogin
	FailedLogin
)

// LoginQuery selects logins. The zero query selects all. User and Kind are
// served by an index: the cost follows from the page, not from the whole log.
type LoginQuery struct {
	User  string      // only logins of this user, in any form of the name
	Kind  LoginKind   // only logins of this kind
	Since time.Time   // only records whose Last is not before this time
	After LoginRecord // the last record of the page before, of which At and ID count; zero: the first page
	Limit int         // at most this many; 0: no limit
}

// Logins lists the logins that a query selects, newest first: by At and then
// ID, descending. The latest 100 successes and 50 records of failures of each
// user are kept for Config.KeepChanges, or until the user is deleted. There are
// no records of names without a user, of attempts that were throttled before
// the password was verified, and of refusals of [Authority.Issue].
//
// Errors: ErrNotFound for an unknown User; ErrInvalid for an impossible name,
// an unknown Kind, and an After whose At is outside the years 1970 to 9999.
func (tx *Tx) Logins(q LoginQuery) iter.Seq2[LoginRecord, error] {
	return lazily(func() (iter.Seq2[LoginRecord, error], error) {
		var u store.UserRecord
		err := validTime("login query", "", "After", q.After.At)
		if q.Kind > FailedLogin {
			err = invalid("login query", "", "Kind", "unknown")
		}
		if err == nil && q.User != "" {
			u, err = tx.user(q.User)
		}
		f := store.LoginFilter{User: u.ID, Kind: store.LoginKind(q.Kind), After: store.LoginPlace{First: instant(q.After.At), ID: q.After.ID}}
		return loginlog.List(tx.r, f, q.Since, q.Limit, func(r loginlog.Record) LoginRecord { return LoginRecord(r) }), err
	})
}

// recordFailure records why an attempt failed, if the client is the reason. The
// zero user takes as long, and leaves no record.
func (at *attempt) recordFailure(r store.Records, u store.UserRecord, err error) error {
	outcome := loginlog.WrongPassword
	switch {
	case errors.Is(err, ErrThrottled):
		outcome = loginlog.Throttled
	case errors.Is(err, ErrDenied), errors.Is(err, ErrSeparation):
		outcome = loginlog.Refused
	case !errors.Is(err, ErrBadCredentials):
		return nil
	case u.Disabled:
		outcome = loginlog.Disabled
	}
	return loginlog.Failure{User: u.ID, Network: at.counted.Prefixes[2], UserAgent: at.login.UserAgent, Method: at.method, Outcome: outcome}.Count(r, at.a.now())
}
