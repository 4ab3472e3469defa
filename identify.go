package rbac

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"time"
)

// Identify returns the Identity that a token stands for, with one revision of
// policy and memberships. The zero Token is the anonymous Identity. It counts as a
// use of the ticket.
//
// Errors: ErrNoTicket for a token that has no living ticket; ErrUnavailable. With an
// error the Identity is nil, which meets no predicate.
func (a *Authority) Identify(ctx context.Context, t Token) (*Identity, error) {
	var id *Identity
	err := a.current(ctx, func(r Records, st *state) (err error) {
		if t.IsZero() {
			id = st.policy.anonymous(a.cfg.Clock)
			return nil
		}
		id, err = a.identify(r, st, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	return id, nil
}

// Judge identifies a token and checks a predicate in one call. Its errors are those of Identify and of Check.
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

func (a *Authority) identify(r Records, st *state, t Token) (*Identity, error) {
	c, err := a.useTicket(r, st, t)
	if err != nil {
		return nil, err
	}
	return c.identity, nil
}

// useTicket finds the living ticket of a token and notes that it was used.
func (a *Authority) useTicket(r Records, st *state, t Token) (*cachedTicket, error) {
	hash, now := t.hash(), a.now()
	if c, ok := a.caches.tickets.GetIfPresent(hash); ok && a.valid(c.user, st, now) && a.alive(c.TicketRecord, c.seen.load(), now) {
		a.use(c, now)
		return c, nil
	}
	c, err := a.readTicket(r, st, hash, now)
	if err != nil {
		return nil, err
	}
	a.keep(st, func(in *caches) {
		in.users.Set(c.user.ID, c.user)
		in.tickets.Set(hash, c)
	})
	a.use(c, now)
	return c, nil
}

// hash is what the store knows of a token.
func (t Token) hash() TokenHash { return sha256.Sum256([]byte(t.Secret())) }

// lag is by how much LastSeen may be behind the last use.
const lag = time.Minute

// alive reports whether a ticket is within its limits. Both are compared at each use; nothing depends on the sweeper.
func (a *Authority) alive(t TicketRecord, seen, now time.Time) bool {
	return now.Before(t.Expires) && (t.Key || now.Before(seen.Add(a.cfg.IdleLimit+lag)))
}

// living is alive for a ticket as the store has it.
func (a *Authority) living(t TicketRecord, now time.Time) bool {
	return a.alive(t, a.uses.seen(t), now)
}

// readTicket reads a living ticket, its user and what they may do.
func (a *Authority) readTicket(r Records, st *state, hash TokenHash, now time.Time) (*cachedTicket, error) {
	t, err := r.TicketByHash(hash)
	if errors.Is(err, ErrNotFound) || err == nil && !a.living(t, now) {
		return nil, ErrNoTicket
	}
	if err != nil {
		return nil, err
	}
	u, ok := a.caches.users.GetIfPresent(t.User)
	// A user read at a later state than r's does not belong to this ticket: what it
	// was narrowed to may have been pruned in between.
	if !ok || !a.valid(u, st, now) || a.state.Load() != st {
		if u, err = a.readUser(r, st, now, func() (UserRecord, error) { return r.User(t.User) }); err != nil {
			return nil, noTicket(err)
		}
	}
	return &cachedTicket{TicketRecord: t, user: u, identity: u.withTicket(t, now, a.cfg.Clock), seen: newLastSeen(a.uses.seen(t))}, nil
}

// noTicket says of a ticket what was said of its user.
func noTicket(err error) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrDenied) {
		return ErrNoTicket
	}
	return err
}

// readUser reads an enabled user and what they are authorized for. One that is
// disabled is ErrDenied.
func (a *Authority) readUser(r Records, st *state, now time.Time, find func() (UserRecord, error)) (*cachedUser, error) {
	u, err := find()
	if err != nil {
		return nil, err
	}
	if u.Disabled {
		return nil, &Error{Kind: ErrDenied, Record: "user", Name: u.Name, Reason: "the account is disabled"}
	}
	c := &cachedUser{User: u.User, policy: st.policy}
	if c.memberships, err = r.UserMemberships(u.ID); err != nil {
		return nil, err
	}
	for _, m := range c.memberships {
		if m.countsAt(now) && !m.Until.IsZero() && (c.until.IsZero() || m.Until.Before(c.until)) {
			c.until = m.Until
		}
	}
	c.identity = c.withTicket(TicketRecord{}, now, a.cfg.Clock)
	return c, nil
}

// withTicket returns the Identity that a ticket of the user gives; that of the zero ticket is without one.
func (u *cachedUser) withTicket(t TicketRecord, now time.Time, clock func() time.Time) *Identity {
	active := u.policy.activate(u.policy.assigned(u.memberships, now), t)
	return u.policy.identity(u.ID, u.Name, active, t.Created, clock)
}

// Identity returns the Identity of a user without a ticket: for jobs that act for a
// user, and for hosts that authenticate requests themselves. All the user's groups are
// active, and AuthenticatedAt is zero; see [Identity.WithAuthenticatedAt].
//
// Errors: ErrInvalid for what cannot be a name; ErrNotFound; ErrDenied for a disabled user; ErrUnavailable.
func (a *Authority) Identity(ctx context.Context, user string) (*Identity, error) {
	name, err := canonicalUser(user)
	if err != nil {
		return nil, err
	}
	return a.identityOf(ctx, userKey{a.caches.names, name, Records.UserByName})
}

// IdentityBySubject is Identity for the user with exactly that Subject.
func (a *Authority) IdentityBySubject(ctx context.Context, subject string) (*Identity, error) {
	if reason := badString(subject, 1); reason != "" {
		return nil, invalid("user", subject, "Subject", reason)
	}
	return a.identityOf(ctx, userKey{a.caches.subjects, subject, Records.UserBySubject})
}

// userKey is a way to find a user: in a cache, else in the store.
type userKey struct {
	cache *userCache
	key   string
	find  func(Records, string) (UserRecord, error)
}

func (a *Authority) identityOf(ctx context.Context, k userKey) (*Identity, error) {
	var id *Identity
	err := a.current(ctx, func(r Records, st *state) error {
		now := a.now()
		u, ok := k.cache.GetIfPresent(k.key)
		if !ok || !a.valid(u, st, now) {
			var err error
			if u, err = a.readUser(r, st, now, func() (UserRecord, error) { return k.find(r, k.key) }); err != nil {
				return named(err, "user", k.key)
			}
			a.keep(st, func(in *caches) {
				in.users.Set(u.ID, u)
				k.cache.Set(strings.Clone(k.key), u) // the host may reuse its bytes, as fasthttp does
			})
		}
		id = u.identity
		return nil
	})
	if err != nil {
		return nil, err
	}
	return id, nil
}
