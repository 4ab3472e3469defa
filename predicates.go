package rbac

import "time"

// Predicate is a condition on an [Identity], made by the constructors of this
// package: [All], [InGroup], [HasPermission] and so on. Predicates are immutable
// and safe for concurrent use; make them once and keep them.
//
// A predicate has one of three verdicts. It is met, unmet, or broken: the
// question cannot be answered. Only met allows; unmet and broken deny. They
// differ under Not, since the opposite of an unanswered question is no answer:
//
//   - All is unmet if a part is unmet, else broken if a part is broken, else met.
//   - Any is met if a part is met, else broken if a part is broken, else unmet.
//   - Not is met if its part is unmet, unmet if it is met, and broken if it is broken.
//
// (This is the strong logic of Kleene.) So the order of parts never changes a
// decision.
//
// Broken are:
//
//   - a nil predicate and a nil part, such as Not(nil);
//   - an invalid name: names are 1 to 256 bytes of valid UTF-8 without control
//     characters and without space at either end; and the zero UUID;
//   - a Func without function, and a Func that panics;
//   - for an Identity that came from an Authority, a group or permission that its
//     policy does not have: a typing error opens no door under Not;
//   - for a nil or zero Identity, every predicate;
//   - [IsUserID], for a user whose id is not known;
//   - [FromNet], for an Identity without an address, and with an invalid prefix;
//   - [AuthenticatedWithin], for a user whose time of login is not known or lies in
//     the future, and with a duration of zero or less;
//   - a predicate nested deeper than 100, or of more than 100,000 parts in all.
//
// The interface is sealed: a host's own conditions come in by [Func]. A type that
// embeds a Predicate counts as the predicate it embeds.
type Predicate interface {
	// String prints the predicate as an expression, which [Parse] reads:
	// any(in_group("a"), not_anonymous(msg="Log in")).
	String() string
	unwrap() *predicate
}

// Met reports whether id meets p. It is Check(id, p) == nil without building the
// error: it allocates nothing and takes nanoseconds.
func Met(id *Identity, p Predicate) bool { return judge(id, p) == met }

// Check returns nil if id meets p, and a [*DeniedError], which is [ErrDenied],
// otherwise. A nil or zero id and a nil p are denied.
//
// Check, Met and Explain are pure: they take any Identity, whether from
// [NewIdentity] or from any Authority, and believe it. A program with several
// Authorities must know whose Identity it passes; see [Identity.BelongsTo].
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

// DeniedError is the [ErrDenied] of a Check: it has the Identity, the predicate
// that was not met, and the reason.
type DeniedError struct {
	Identity  *Identity // the argument of Check: may be nil
	Predicate Predicate // nil if Check was given nil
	// Message is the one set with WithMessage, or a description of what is
	// missing. It names groups, permissions and users, so it is for logs and
	// administrators; WithoutGroups is for the person who was denied.
	Message string
}

// Error is the Message behind that of ErrDenied.
func (e *DeniedError) Error() string {
	if e.Message == "" {
		return ErrDenied.Error()
	}
	return ErrDenied.Error() + ": " + e.Message
}

// Unwrap returns ErrDenied.
func (e *DeniedError) Unwrap() error { return ErrDenied }

// WithoutGroups returns a message for the person who was denied: the one set with
// WithMessage, or a description of what is missing that names permissions, scopes
// and users, but no groups. The names of groups would show which of them are
// worth getting into.
//
// The predicate is explained anew, so a [Func] is called again. An error without
// Predicate, which a program has made itself, keeps its Message.
func (e *DeniedError) WithoutGroups() string {
	if e.Predicate == nil || !e.Identity.known() {
		return e.Message
	}
	id := *e.Identity
	id.hideGroups = true
	return denialMessage(&id, e.Predicate)
}

// FreshLogin reports whether the same user would be allowed just after logging in
// anew, all else being equal, and then how old that login may be at most. It is
// for login pages: send the user there if it helps.
//
// FreshLogin is false for an anonymous Identity. It is also false if the time of
// the login is not known, since then the time of a new login would not be known
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
	// With the shortest of them the answer is the same for every login within it.
	fresh := *e.Identity
	fresh.since = fresh.clock()
	if !Met(&fresh, e.Predicate) {
		return 0, false
	}
	return maxAge, true
}
