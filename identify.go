package rbac

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// Identify returns the Identity that a token stands for, with one revision of
// policy and memberships. The zero Token stands for the anonymous Identity.
// Identify counts as a use of the ticket, unless [WithoutUse] says otherwise.
//
// Errors: ErrNoTicket for a token without a living ticket; ErrUnavailable. With
// an error the Identity is nil, which meets no predicate.
func (a *Authority) Identify(ctx context.Context, t Token) (*Identity, error) {
	id, c, now, err := a.identify(ctx, t)
	if err != nil {
		return nil, err
	}
	if c != nil {
		a.tickets.uses.note(ctx, c, now)
	}
	return id, nil
}

// identify is Identify, but does not count as a use. The ticket is nil for the
// zero Token.
func (a *Authority) identify(
	ctx context.Context, t Token,
) (id *Identity, c *cachedTicket, now time.Time, err error) {
	st, asked, err := a.ready(ctx)
	if err != nil {
		return nil, nil, now, err
	}
	if t.IsZero() {
		return a.users.anonymous(st.Policy, &a.noTicket), nil, asked.Time, nil
	}
	hash := t.hash()
	if c := a.cachedTicket(st, hash, asked); c != nil {
		return c.identityAt(st, asked.Time), c, asked.Time, nil
	}
	return a.identifyStored(ctx, hash)
}

// identifyStored is identify for a ticket that is not cached. The function is
// separate because the variables that it shares with the transaction would be
// allocated at every call of identify.
func (a *Authority) identifyStored(
	ctx context.Context, hash store.TokenHash,
) (id *Identity, c *cachedTicket, now time.Time, err error) {
	what := store.Sought{Ticket: hash}
	err = a.lookupTicket(ctx, hash, what, func(r store.Records, st *replica.State) (err error) {
		read := a.clock.Now()
		now = read.Time
		if c, err = a.ticket(r, st, hash, read); err == nil {
			id = c.identityAt(st, now)
		}
		return err
	})
	if err != nil {
		return nil, nil, now, err
	}
	return id, c, now, nil
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
		a.log.InfoContext(ctx, "rbac: denied", "identity", id, "error", err)
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
	return a.identityOf(ctx, a.users.byName, store.Sought{User: name})
}

// IdentityBySubject is Identity for the user with exactly that Subject.
func (a *Authority) IdentityBySubject(ctx context.Context, subject string) (*Identity, error) {
	if reason := names.CheckKey(subject); reason != "" {
		return nil, invalid("user", subject, "Subject", reason)
	}
	return a.identityOf(ctx, a.users.bySubject, store.Sought{Subject: subject})
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

// identityOf returns the Identity of a user, who is cached under a text in an
// index, or is looked up.
func (a *Authority) identityOf(
	ctx context.Context, index *userIndex, what store.Sought,
) (*Identity, error) {
	st, asked, err := a.ready(ctx)
	if err != nil {
		return nil, err
	}
	if u := index.Get(soughtText(what)); u != nil && a.fresh(u, st) {
		u.Use()
		return u.identityAt(st, asked.Time, &a.noTicket), nil
	}
	var id *Identity
	err = a.lookup(ctx, a.lookups.unknown, what, func(r store.Records, st *replica.State) error {
		read := func() (store.UserRecord, error) { return soughtUser(r, what) }
		u, err := readUser(r, st.Policy, read)
		if err != nil {
			return named(err, "user", soughtText(what))
		}
		a.replica.Keep(st, func() { u = a.users.add(u) })
		id = u.identityAt(st, a.now(), &a.noTicket)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return id, nil
}

// identityAt returns the Identity of the user without a ticket.
func (u *cachedUser) identityAt(st *replica.State, now time.Time, from *origin) *Identity {
	return u.cachedIdentity(&u.identity, st.Policy, store.Ticket{}, now, from)
}

// identityAt returns the Identity of the ticket.
func (t *cachedTicket) identityAt(st *replica.State, now time.Time) *Identity {
	return t.user.cachedIdentity(&t.identity, st.Policy, t.Ticket, now, &t.origin)
}

// cachedIdentity returns the Identity in a place. An Identity of another
// policy, or from before a membership has ended, is replaced.
func (u *cachedUser) cachedIdentity(
	place *atomic.Pointer[cachedIdentity], p *policy.Policy, t store.Ticket, now time.Time, from *origin,
) *Identity {
	s := place.Load()
	if !s.valid(p, now) {
		s = u.withTicket(p, t, now, from)
		place.Store(s)
		if u.Removed() { // nobody looks here again, and the Identity would keep its policy in memory
			place.CompareAndSwap(s, nil)
		}
	}
	return &s.Identity
}

// withTicket returns the Identity that a ticket of the user gives. The zero
// ticket stands for no ticket.
func (u *cachedUser) withTicket(
	p *policy.Policy, t store.Ticket, now time.Time, from *origin,
) *cachedIdentity {
	s := identify(p, u.id, u.name, p.AssignedNow(u.groups, now), t, from)
	s.until = u.groups.NextEnd(now)
	return s
}
