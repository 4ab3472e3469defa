package rbac

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// The kinds of error, for [errors.Is]. A caller that needs the record or field
// at fault finds an [*Error] with [errors.As].
//
// ErrUnavailable and ErrBusy are not denials: the question could not be
// answered, and a later call may succeed. All other errors are answers.
var (
	// ErrNotFound: no record has the name, key or id.
	ErrNotFound = store.ErrNotFound
	// ErrExists: a record with the name or key exists already.
	ErrExists = errors.New("rbac: already exists")
	// ErrInvalid: an argument breaks a rule that does not depend on the
	// contents of the store.
	ErrInvalid = store.ErrInvalid
	// ErrReadOnly: a change was requested inside [Authority.View].
	ErrReadOnly = store.ErrReadOnly
	// ErrDenied: the identity does not meet the predicate. A [*DeniedError] has
	// the reason.
	ErrDenied = errors.New("rbac: denied")
	// ErrNoTicket: the token belongs to no living ticket. Either no ticket ever
	// had the token, or the ticket was ended or is past a limit.
	ErrNoTicket = errors.New("rbac: no ticket")
	// ErrBadCredentials: name and password do not belong together. The error is
	// deliberately the same for an unknown user, a wrong password and a
	// disabled account.
	ErrBadCredentials = errors.New("rbac: bad credentials")
	// ErrThrottled: too many failed attempts, and nothing was verified; or too
	// many changes caused by one user. A [*ThrottledError] has the time to
	// wait, if waiting helps.
	ErrThrottled = errors.New("rbac: too many attempts")
	// ErrBusy: too many passwords are being hashed, or too many attempts for
	// one user are under way, and no attempt was counted; or, from any call
	// that uses the store, a transaction waited for other transactions for
	// [Config.LockTimeout]. Nothing was done.
	ErrBusy = store.ErrBusy
	// ErrUnavailable: the store failed or cannot be reached. Nothing is known,
	// so nothing is allowed.
	ErrUnavailable = store.ErrUnavailable
	// ErrTxDone: a [Tx] was used after its function had returned. This is a
	// mistake in the program, and another try will not help.
	ErrTxDone = store.ErrTxDone
	// ErrCycle: a group would inherit itself.
	ErrCycle = errors.New("rbac: inheritance cycle")
	// ErrSeparation: a separation of duty set would be violated.
	ErrSeparation = errors.New("rbac: separation of duty violated")
	// ErrConflict: a record was changed meanwhile. A [*ConflictError] has the
	// change and its author.
	ErrConflict = errors.New("rbac: changed meanwhile")
	// ErrProtected: a permission in [Config.Protected] would lose its last
	// holder.
	ErrProtected = errors.New("rbac: protected permission would lose its last holder")
)

// Error is an error of one kind with the name of its subject. Every call of
// this package that refuses an argument or a change returns an Error, possibly
// wrapped or joined with others. Only ErrReadOnly and the errors of tickets and
// logins come bare.
type Error struct {
	Kind   error  // one of the sentinels above, for errors.Is
	Record string // the kind of subject: "user", "group", "permission", "membership", …
	Name   string // the name of the subject, as the caller wrote it; may be empty
	Field  string // the Go name of the field at fault, if there is one: "Name", "Email", …
	Reason string // the broken rule, unless Kind says enough
}

// Error reads like: user "bob": Email: rbac: invalid: contains a control
// character.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Record)
	if e.Name != "" {
		fmt.Fprintf(&b, " %q", shown(e.Name))
	}
	b.WriteString(": ")
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	fmt.Fprint(&b, e.Kind)
	if e.Reason != "" {
		b.WriteString(": " + e.Reason)
	}
	return b.String()
}

// shown shortens a name for messages. Names come from outside and are logged.
func shown(name string) string {
	const most = 4 * names.MaxName // a membership has three names
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// ThrottledError is the ErrThrottled of logins and of choices of active groups.
type ThrottledError struct {
	// RetryAfter is the time after which the next attempt is verified. If
	// RetryAfter is zero, waiting does not help: the name is closed to all
	// clients that are not known for the name, until a known client logs in,
	// the password is set, or [Authority.Unlock] is called. In an error of
	// ChangePassword, the name is closed to all tickets of the user, until the
	// same events.
	RetryAfter time.Duration
}

// Error includes the time to wait.
func (e *ThrottledError) Error() string {
	if e.RetryAfter <= 0 {
		return fmt.Sprintf("%v: closed until a known client logs in, or the user is unlocked", ErrThrottled)
	}
	return fmt.Sprintf("%v: retry in %v", ErrThrottled, e.RetryAfter.Round(time.Second))
}

// Unwrap returns ErrThrottled.
func (e *ThrottledError) Unwrap() error { return ErrThrottled }

// invalid returns the ErrInvalid for a reason, and nil if there is no reason.
func invalid(record, name, field, reason string) error {
	if reason == "" {
		return nil
	}
	return &Error{Kind: ErrInvalid, Record: record, Name: name, Field: field, Reason: reason}
}

// named returns a store's ErrNotFound as an Error with the name of the missing
// record. Other errors are returned as they are.
func named(err error, record, name string) error {
	if errors.Is(err, ErrNotFound) {
		return &Error{Kind: ErrNotFound, Record: record, Name: name}
	}
	return err
}

// unknownID is named for a record that a Modify call looks up by ID.
func unknownID(err error, record, name string) error {
	if errors.Is(err, ErrNotFound) {
		return &Error{Kind: ErrNotFound, Record: record, Name: name, Field: "ID"}
	}
	return err
}

// free returns the ErrExists of a record that must not exist, for the error of
// looking up the record.
func free(found error, record, name, field string) error {
	switch {
	case found == nil:
		return &Error{Kind: ErrExists, Record: record, Name: name, Field: field}
	case errors.Is(found, ErrNotFound):
		return nil
	}
	return found
}

// ignore returns err, or nil if err is of the given kind.
func ignore(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

// noTicket returns ErrNoTicket for a ticket whose user is missing or disabled.
func noTicket(err error) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrDenied) {
		return ErrNoTicket
	}
	return err
}

// disabled returns the error of a user who may not log in.
func disabled(name string) error {
	return &Error{Kind: ErrDenied, Record: "user", Name: name, Reason: "the account is disabled"}
}
