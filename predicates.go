package rbac

import "time"

// Predicate is a condition on an [Identity], made by the constructors of
// package rbac: [All], [InGroup], [HasPermission] and others. Predicates are
// immutable and safe for concurrent use: make a predicate once and keep it.
//
// A predicate has three verdicts: met, unmet, and broken. Broken means that the
// question cannot be answered. Only met allows; unmet and broken deny. Unmet
// and broken differ under Not, since the opposite of an unanswered question is
// no answer:
//
//   - All is unmet if a part is unmet, else broken if a part is broken, else
//     met.
//   - Any is met if a part is met, else broken if a part is broken, else unmet.
//   - Not is met if the part is unmet, unmet if the part is met, and broken if
//     the part is broken.
//
// This is Kleene's strong logic. The order of parts never changes a decision.
//
// The following are broken:
//
//   - a nil predicate and a nil part, as in Not(nil);
//   - an invalid name: names are 1 to 256 bytes of valid UTF-8 without control
//     characters and without space at either end; and the zero UUID;
//   - a Func without function, and a Func with a panic;
//   - for an Identity from an Authority, a group or permission unknown to the
//     policy of the Authority: a typing error opens no door under Not;
//   - for a nil or zero Identity, every predicate;
//   - [IsUserID], for a user without a known id;
//   - [FromNet], for an Identity without an address, and with an invalid
//     prefix;
//   - [AuthenticatedWithin], for a login at an unknown time or in the future,
//     and with a duration of zero or less;
//   - a predicate nested deeper than 100, or of more than 100,000 parts in all.
//
// The interface is sealed: conditions of the host come in by [Func]. A type
// with an embedded Predicate counts as the embedded predicate.
type Predicate interface {
	// String prints the predicate as an expression for [Parse]:
	// any(in_group("a"), not_anonymous(msg="Log in")).
	String() string
	unwrap() *predicate
}

// Met reports whether id meets p. Met(id, p) is Check(id, p) == nil without
// building the error: Met allocates nothing and takes nanoseconds.
func Met(id *Identity, p Predicate) bool { return judge(id, p) == met }

// Check returns nil if id meets p, and otherwise a [*DeniedError]: an
// [ErrDenied]. A nil or zero id and a nil p are denied.
//
// Check, Met and Explain are pure: they accept and believe any Identity, from
// [NewIdentity] or from any Authority. A program with several Authorities must
// know the Authority of an Identity; see [Identity.BelongsTo].
func Check(id *Identity, p Predicate) error {
	if Met(id, p) {
		return nil
	}
	e := &DeniedError{Identity: id, Message: denialMessage(id, p)}
	if p != nil {
		e.Predicate = own(p)
	}
	return e
}

// DeniedError is an [ErrDenied] with the Identity, the Predicate and the
// reason.
type DeniedError struct {
	Identity  *Identity // the argument of Check: may be nil
	Predicate Predicate // nil if Check was given nil
	// Message is the message set with WithMessage, or a description of the
	// missing rights. The description names groups, permissions and users: it
	// is for logs and administrators. WithoutGroups is for the denied person.
	Message string

	reported bool // an event was sent
}

// Error returns the text of ErrDenied, followed by the Message.
func (e *DeniedError) Error() string {
	if e.Message == "" {
		return ErrDenied.Error()
	}
	return ErrDenied.Error() + ": " + e.Message
}

// Unwrap returns ErrDenied.
func (e *DeniedError) Unwrap() error { return ErrDenied }

// WithoutGroups returns a message for the denied person: the message set with
// WithMessage, or a description of the missing rights. The description names
// permissions and scopes, but no groups and no other users: an attacker could
// use these names to choose a target.
//
// The predicate is explained anew: a [Func] is called again. An error without a
// Predicate, made by a program, keeps the Message.
func (e *DeniedError) WithoutGroups() string {
	if e.Predicate == nil || !e.Identity.known() {
		return e.Message
	}
	id := *e.Identity
	id.hideGroups = true
	return denialMessage(&id, e.Predicate)
}

// FreshLogin reports whether the user would be allowed just after a new login,
// all else being equal, and returns the greatest allowed age of the login.
// FreshLogin is for login pages: send the user to the page if a login helps.
//
// FreshLogin is false for an anonymous Identity. It is also false if the time
// of the login is not known, since the time of a new login would not be known
// either. A [Func] is called with an Identity whose AuthenticatedAt is now.
func (e *DeniedError) FreshLogin() (maxAge time.Duration, helps bool) {
	if e.Identity.IsAnonymous() || e.Identity.AuthenticatedAt().IsZero() {
		return 0, false
	}
	own(e.Predicate).walk(func(p *predicate) {
		if r, ok := p.rule.(*authenticatedWithin); ok && (maxAge == 0 || r.d < maxAge) {
			maxAge = r.d
		}
	})
	if maxAge == 0 {
		return 0, false
	}
	// Within the shortest duration the answer does not depend on the age of the
	// login.
	fresh := *e.Identity
	fresh.since = fresh.clock()
	if !Met(&fresh, e.Predicate) {
		return 0, false
	}
	return maxAge, true
}
