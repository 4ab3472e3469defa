package rbac

import (
	"strconv"

	"github.com/google/uuid"
)

// Predicate is a condition on an [Identity], made by the constructors of this
// package: [All], [InGroup], [HasPermission] and so on. Predicates are immutable and
// safe for concurrent use; make them once and keep them.
//
// A predicate comes to one of three verdicts. It is met, it is unmet, or it is
// broken: the question cannot be answered. Only met allows; unmet and broken deny. They
// differ under Not, since the opposite of an unanswered question is no answer:
//
//   - All is unmet if a part is unmet, else broken if a part is broken, else met.
//   - Any is met if a part is met, else broken if a part is broken, else unmet.
//   - Not is met if its part is unmet, unmet if it is met, and broken if it is broken.
//
// (This is the strong logic of Kleene.) So the order of parts never changes a decision.
//
// Broken are:
//
//   - a nil predicate and a nil part, such as Not(nil);
//   - an invalid name: names are 1 to 256 bytes of valid UTF-8 without control
//     characters and without space at either end; and the zero UUID;
//   - a Func without function, and one that panics;
//   - for an Identity that came from an Authority, a group or permission that its
//     policy does not have: a typing error opens no door under Not;
//   - for a nil or zero Identity, every predicate;
//   - [IsUserID], for a user whose id is not known;
//   - [FromNet], for an Identity without an address, and with an invalid prefix;
//   - [AuthenticatedWithin], for a user of whom it is not known when they logged in, or
//     only that it was in the future, and with a duration of zero or less;
//   - a predicate nested deeper than 100, or of more than 100,000 parts in all.
//
// The interface is sealed: a host's own conditions come in by [Func]. A type that
// embeds a Predicate counts as the predicate it embeds.
type Predicate interface {
	// String prints the predicate as an expression: any(in_group("a"), not_anonymous(msg="Log in")). [Parse] reads it.
	String() string
	unwrap() *predicate
}

// Met reports whether id meets p. It is Check(id, p) == nil without building the
// error: it allocates nothing and takes nanoseconds.
func Met(id *Identity, p Predicate) bool { return judge(id, p) == met }

// Check returns nil if id meets p, and a [*DeniedError], which is [ErrDenied],
// otherwise. A nil or zero id and a nil p are denied.
//
// Check, Met and Explain are pure: they take any Identity, one of [NewIdentity] and of
// any Authority, and believe it. A program with several Authorities must know whose
// Identity it gives them; see [Identity.BelongsTo].
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

// judge is the one way to a verdict. Its result is only set once everything
// has been evaluated, so that a panic, wherever it comes from, leaves it broken.
func judge(id *Identity, p Predicate) (v verdict) {
	defer func() { _ = recover() }()
	if !id.known() {
		return broken
	}
	return own(p).rule.judge(id.view())
}

// DeniedError is the [ErrDenied] that tells who did not meet what, and why.
type DeniedError struct {
	Identity  *Identity // as it was given to Check: may be nil
	Predicate Predicate // nil if Check was given nil
	// Message is the one set with WithMessage, or one that says what is missing. It
	// names groups, permissions and users, so it is for logs and administrators; for the
	// person who was denied there is WithoutGroups.
	Message string
}

// WithoutGroups returns a message for the person who was denied: the one set with
// WithMessage, or one that says what is missing and names permissions, scopes and users, but
// no groups. Who sees the names of groups learns which are worth getting into.
//
// The predicate is explained anew, so a [Func] is asked again. An error without
// Predicate, which a program has made itself, keeps its Message.
func (e *DeniedError) WithoutGroups() string {
	if e.Predicate == nil || !e.Identity.known() {
		return e.Message
	}
	id := *e.Identity
	id.hushed = true
	return denialMessage(&id, e.Predicate)
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

// All is met if all its parts are. Its message is those of the parts that failed.
func All(p Predicate, more ...Predicate) Predicate {
	return newCompound(&allOf{compound{name: "all", parts: ownAll(p, more)}})
}

// Any is met if at least one of its parts is. Its message is those of all its parts.
func Any(p Predicate, more ...Predicate) Predicate {
	return newCompound(&anyOf{compound{name: "any", parts: ownAll(p, more)}})
}

// Not is met if p is unmet; see [Predicate] for what is neither.
//
// Not(InGroup("x")) is met by everybody outside x, those who are not logged in
// too. To ask for a user outside x, say All(NotAnonymous(), Not(InGroup("x"))).
//
// It is unsafe to take a right away by putting somebody into a group that a Not names: a ticket
// that keeps to some groups ([Login].Groups, a dynamic set) can leave that one out. Take the permission away instead.
func Not(p Predicate) Predicate {
	return newCompound(&negation{compound{name: "not", parts: ownAll(p, nil)}})
}

// IsUser is met by the user of that name. Names are compared in canonical form:
// IsUser("Bob") means bob. A name can pass to somebody else; to tell the owner of a record
// use [IsUserID].
func IsUser(name string) Predicate {
	canonical, err := canonicalUser(name)
	if err != nil {
		return newFlawedName("is_user", "user", name)
	}
	return newLeaf(&isUser{canonical})
}

// IsUserID is met by the user with that id. For a user whose id is not known,
// such as one of [NewIdentity], it is broken: they may or may not be the one.
func IsUserID(id uuid.UUID) Predicate {
	if id == uuid.Nil {
		return newLeaf(&flawed{"is_user_id", []string{strconv.Quote(id.String())}, "the zero id is nobody's"})
	}
	return newLeaf(&isUserID{id})
}

// IsAnonymous is met if nobody is logged in.
func IsAnonymous() Predicate { return newLeaf(&anonymity{true}) }

// NotAnonymous is met if somebody is logged in, whoever it is.
func NotAnonymous() Predicate { return newLeaf(&anonymity{false}) }

// InGroup is met if the group is active or inherited by an active one.
func InGroup(name string) Predicate {
	if !validGroup(name) {
		return newFlawedName("in_group", "group", name)
	}
	return newLeaf(&inGroup{name: name})
}

func validGroup(name string) bool {
	_, err := groupOf(name)
	return err == nil
}

// InAllGroups decides as All of InGroup of each name does.
func InAllGroups(name string, more ...string) Predicate {
	return newCompound(&allOf{compound{name: "in_all_groups", parts: forEach(InGroup, name, more), list: true}})
}

// InAnyGroup decides as Any of InGroup of each name does.
func InAnyGroup(name string, more ...string) Predicate {
	return newCompound(&anyOf{compound{name: "in_any_group", parts: forEach(InGroup, name, more), list: true}})
}

// HasPermission is met if an active group gives the permission, by itself or
// through a group it inherits. The name is that of one permission: a pattern, such as "*" or "post.*", is no
// valid name.
func HasPermission(name string) Predicate {
	if !validPermission(name) {
		return newFlawedName("has_permission", "permission", name)
	}
	return newLeaf(&hasPermission{name: name})
}

// validPermission keeps patterns out: Not(HasPermission("post.*")) would be met
// by those who have post.edit.
func validPermission(name string) bool {
	_, err := permissionOf(name)
	return err == nil
}

// HasAllPermissions decides as All of HasPermission of each name does.
func HasAllPermissions(name string, more ...string) Predicate {
	return newCompound(&allOf{compound{name: "has_all_permissions", parts: forEach(HasPermission, name, more), list: true}})
}

// HasAnyPermission decides as Any of HasPermission of each name does.
func HasAnyPermission(name string, more ...string) Predicate {
	return newCompound(&anyOf{compound{name: "has_any_permission", parts: forEach(HasPermission, name, more), list: true}})
}

// Func is a condition of the host's own: met where f returns true. The name
// stands for it in explanations and messages.
//
// f must be safe for concurrent use and free of effects: it may be called more
// than once for a decision, and not at all where the other parts decide. It may keep the Identity,
// which is never nil and never zero, but may be anonymous. Where f panics the predicate is
// broken; where it ends the goroutine (runtime.Goexit) nobody gets an answer.
func Func(name string, f func(*Identity) bool) Predicate {
	if validName("predicate", "Name", name) != nil {
		return newFlawedName("func", "check", name)
	}
	if f == nil {
		return newLeaf(&flawed{"func", []string{strconv.Quote(name)}, "the check " + strconv.Quote(name) + " has no function"})
	}
	return newLeaf(&function{name, f})
}

// WithMessage is p with a message of the host's own for those who are denied.
// It is taken as it is: escape it where it is shown. On a predicate that has a message already
// it replaces that one, and within a compound it stands for its part. An empty msg changes nothing.
func WithMessage(p Predicate, msg string) Predicate {
	n := *own(p)
	if msg != "" {
		n.msg = msg
	}
	return &n
}
