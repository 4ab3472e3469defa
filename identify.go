package rbac

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/session"
	"github.com/rbac-go/rbac/store"
)

// Identify returns the Identity that a token stands for, with one revision of
// policy and memberships. The zero Token stands for the anonymous Identity.
// Except under [WithoutUse], Identify counts as a use of the ticket.
//
// Errors: ErrNoTicket for a token without a living ticket; ErrUnavailable. With
// an error the Identity is nil, which meets no predicate.
func (a *Authority) Identify(ctx context.Context, t Token) (*Identity, error) {
	id, ticket, now, err := a.identify(ctx, t)
	if err != nil {
		return nil, err
	}
	a.noteUse(ctx, ticket, now)
	return id, nil
}

// IdentifyUnused is Identify, but counts as a use of the ticket only when the
// caller calls use. The function use is never nil and does no I/O, may be called
// at any time, and counts nothing under [WithoutUse] or for the zero Token.
func (a *Authority) IdentifyUnused(ctx context.Context, t Token) (id *Identity, use func(), err error) {
	id, ticket, now, err := a.identify(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	if ticket == nil || !ticket.UseDue(now) {
		return id, func() {}, nil
	}
	return id, func() { a.noteUse(ctx, ticket, now) }, nil
}

// identify is Identify, but does not count as a use. The ticket is nil for the
// zero Token.
func (a *Authority) identify(
	ctx context.Context, t Token,
) (id *Identity, ticket *session.Ticket, now time.Time, err error) {
	st, asked, err := a.ready(ctx)
	if err != nil {
		return nil, nil, now, err
	}
	if t.IsZero() {
		return identityIn(a.sessions.Anonymous(st.Policy)), nil, asked.Time, nil
	}
	found, ticket, now, err := a.sessions.Identify(ctx, st, t.hash(), asked)
	if err != nil {
		return nil, nil, now, noTicket(err)
	}
	return identityIn(found), ticket, now, nil
}

// identityIn returns the Identity that package session has kept, or nil, which
// meets no predicate.
func identityIn(kept any) *Identity {
	id, _ := kept.(*Identity)
	return id
}

// noteUse notes a use of a ticket, unless the context says otherwise. The
// context is asked last, since asking takes time and few uses are noted.
func (a *Authority) noteUse(ctx context.Context, t *session.Ticket, now time.Time) {
	if t != nil && t.UseDue(now) && !withoutUse(ctx) {
		a.sessions.NoteUse(t, now)
	}
}

// ready returns the state to answer a call that begins now, and the time of the
// call.
func (a *Authority) ready(ctx context.Context) (*replica.State, clock.Reading, error) {
	if err := a.background.err(); err != nil {
		return nil, clock.Reading{}, err
	}
	return a.replica.Ready(ctx, awaited(ctx))
}

// Judge identifies a token and checks a predicate in one call. Its errors are
// those of Identify and of Check.
func (a *Authority) Judge(ctx context.Context, t Token, p Predicate) error {
	id, err := a.Identify(ctx, t)
	if err != nil {
		return err
	}
	if err := Check(id, p); err != nil {
		a.emitDenied(ctx, "Judge", err)
		return err
	}
	return nil
}

// Identity returns the Identity of a user without a ticket: for jobs that act
// for a user, and for hosts that authenticate requests themselves. All groups
// of the user are active, and AuthenticatedAt is zero; see
// [Identity.WithAuthenticatedAt]. In the change log, changes that the Identity
// makes are marked as made for the user; see [Change.ActedFor].
//
// Errors: ErrInvalid for a text that cannot be a name; ErrNotFound; ErrDenied
// for a disabled user; ErrUnavailable.
func (a *Authority) Identity(ctx context.Context, user string) (*Identity, error) {
	name, err := canonicalUser(user)
	if err != nil {
		return nil, err
	}
	return a.identityOf(ctx, store.Sought{User: name})
}

// IdentityBySubject is Identity for the user with exactly that Subject.
func (a *Authority) IdentityBySubject(ctx context.Context, subject string) (*Identity, error) {
	if reason := names.CheckKey(subject); reason != "" {
		return nil, invalid("user", subject, "Subject", reason)
	}
	return a.identityOf(ctx, store.Sought{Subject: subject})
}

// identityOf returns the Identity of the user with a name or a subject.
func (a *Authority) identityOf(ctx context.Context, what store.Sought) (*Identity, error) {
	st, asked, err := a.ready(ctx)
	if err != nil {
		return nil, err
	}
	id, err := a.sessions.IdentifyUser(ctx, st, what, asked)
	if off, ok := errors.AsType[*session.DisabledError](err); ok {
		return nil, disabled(off.Name)
	}
	if err != nil {
		return nil, named(err, "user", cmp.Or(what.User, what.Subject))
	}
	return identityIn(id), nil
}

// makeAnonymous is newAnonymous for package session.
func (a *Authority) makeAnonymous(p *policy.Policy) any { return newAnonymous(p, &a.noTicket) }

// makeIdentity is identify for package session.
func (a *Authority) makeIdentity(
	p *policy.Policy, u *session.User, assigned policy.Assigned, t *store.Ticket,
) any {
	if t == nil {
		return &identify(p, u.ID(), u.Name(), assigned, store.Ticket{}, &a.noTicket).Identity
	}
	return &identify(p, u.ID(), u.Name(), assigned, *t, &origin{a, t.ID}).Identity
}

// MenuSection is a section with the permissions of an Identity in the section.
type MenuSection struct {
	Section
	Permissions []Permission
}

// Menu returns the sections with the permissions of id, both in the order of
// their positions, for a navigation adapted to each user. Sections without
// permissions are dropped. Menu does no I/O: the sections come from the policy
// of id or, for an Identity of [NewIdentity], from the latest policy of the
// Authority. For an Identity of another Authority the menu is empty.
//
// A menu is a convenience: a page without a link must still be guarded.
func (a *Authority) Menu(id *Identity) []MenuSection {
	p := a.replica.State().Policy
	switch {
	case id.BelongsTo(a):
		p = id.policy
	case !id.hostMade():
		return nil
	}
	var menu []MenuSection
	for _, s := range p.Menu() {
		section := MenuSection{Section: Section(s.Section)}
		for _, perm := range s.Permissions {
			if id.HasPermission(perm.Name) {
				section.Permissions = append(section.Permissions, Permission(perm))
			}
		}
		if section.Permissions != nil {
			menu = append(menu, section)
		}
	}
	return menu
}
