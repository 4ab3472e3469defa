package rbac

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/loginlog"
	"github.com/rbac-go/rbac/internal/session"
	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/store"
)

// APIKey describes an API key: a ticket for a program, without an idle limit.
type APIKey struct {
	User, Subject string // exactly one of the two, as in Login
	Label         string // what the key is for; 1 to 256 bytes

	// Groups, unless nil, are the only groups of the key, together with the
	// groups that they inherit. The key never gets other groups. Nil means all
	// groups of the user, now and later.
	Groups  []string
	Expires time.Time // the end of the key; required
	// KeepWhenDisabled keeps the key when the user is disabled: the key is
	// refused meanwhile, and works again when the user is enabled. Otherwise
	// the key ends with the user's other tickets.
	KeepWhenDisabled bool
}

// IssueKey makes an API key. Anyone who holds the token acts as the user, and
// the token is not shown again. IssueKey is a Change, and counts as a login in
// User.LastLogin. A key proves no person and meets no AuthenticatedWithin.
//
// Errors: those of Issue; ErrInvalid without Label or Expires.
func (a *Authority) IssueKey(ctx context.Context, k APIKey) (Token, error) {
	return a.updateToken(ctx, func(tx *Tx) (Token, error) { return tx.IssueKey(k) })
}

// IssueKey is [Authority.IssueKey] as a part of a transaction: the key is good
// once the transaction has committed. In an UpdateAs, keys are for holders of
// [Config.Administer], because a key outlasts the powers of a delegate.
func (tx *Tx) IssueKey(k APIKey) (Token, error) {
	at := tx.a.newAttempt(Login{User: k.User, Subject: k.Subject, Label: k.Label, Groups: k.Groups, Expires: k.Expires}, loginlog.ByKey)
	err := at.check()
	if err == nil && !at.login.isKey() {
		err = invalid("login", k.User, "Label", "an API key needs a Label and an Expires")
	}
	if err := tx.writable(err); err != nil {
		return Token{}, err
	}
	u, err := at.find(tx.r)
	if err == nil {
		u, err = tx.lockEnabled(u.ID)
	}
	if err != nil {
		return Token{}, named(err, "user", k.User+k.Subject)
	}
	t := newToken()
	rec, err := tx.newTicket(User(u.User), t, at.login)
	rec.Kept = k.KeepWhenDisabled
	if err != nil {
		return Token{}, err
	}
	err = tx.write(
		func() error { return tx.r.SetLastLogin(u.ID, tx.now) },
		func() error { return tx.addKey(User(u.User), rec, "") },
		func() error { return loginlog.Succeeded(tx.r, rec, loginlog.ByKey) })
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

// RotateKey makes an API key that replaces the key of a token. The new key has
// another secret and no values, and is otherwise like the old key. The old key
// ends after the overlap, or at its own end if sooner. The new key does not end
// later than the old, so a thief of the token gains no time; [Tx.RotateKey]
// sets another end. While the user has 100 API keys, overlap must be 0.
//
// Errors: ErrNoTicket; ErrInvalid for a ticket that is no API key, for a
// negative overlap, and for an overlap beside 100 keys; ErrThrottled as for
// [Authority.SetActiveGroups].
func (a *Authority) RotateKey(ctx context.Context, t Token, overlap time.Duration) (Token, error) {
	return a.updateToken(ctx, func(tx *Tx) (Token, error) {
		old, u, err := tx.ticket(t)
		if err == nil && !old.Key {
			err = invalid("ticket", old.ID.String(), "", "not an API key")
		}
		if err != nil {
			return Token{}, err
		}
		tx.actAs(u, true)
		rec, err := tx.lockEnabled(u.ID)
		if err == nil {
			// less than a login may: the holder of a key must not keep the user out
			err = tx.pace(rec, throttle.PaceChoices)
		}
		if err == nil && overlap > 0 {
			err = tx.roomForKey(u)
		}
		if err != nil {
			return Token{}, err
		}
		return tx.RotateKey(old.ID, overlap, time.Time{})
	})
}

// maxRotated bounds the API keys of a user that holders of keys make by
// rotation. Each key is a row, and its logout counts against the user's pace.
const maxRotated = 100

func (tx *Tx) roomForKey(u User) error {
	tickets, err := tx.r.UserTickets(u.ID)
	if err == nil && tx.a.sessions.CountKeys(tickets, tx.now) >= maxRotated {
		err = invalid("user", u.Name, "", "has 100 API keys: rotate without an overlap")
	}
	return err
}

// RotateKey is [Authority.RotateKey] for administrators, who know the id of a
// key. The new key ends at expires, or with a zero time when the old key would
// have. In an UpdateAs, RotateKey is for holders of [Config.Administer].
//
// Errors: ErrNotFound without such a living API key; ErrDenied for a disabled
// user; ErrInvalid.
func (tx *Tx) RotateKey(id uuid.UUID, overlap time.Duration, expires time.Time) (Token, error) {
	old, err := tx.r.Ticket(store.TicketKey{ID: id})
	if err == nil && (!old.Key || !tx.living(old)) {
		err = ErrNotFound
	}
	t := newToken()
	next, reason := session.NextKey(old, t.hash(), tx.now, instant(expires), overlap)
	err = errors.Join(named(err, "ticket", id.String()), invalid("ticket", id.String(), "", reason))
	if err := tx.writable(err); err != nil {
		return Token{}, err
	}
	rec, err := tx.lockEnabled(old.User)
	if err != nil {
		return Token{}, err
	}
	u := User(rec.User)
	err = tx.write(func() error {
		err := tx.addKey(u, next, old.ID.String())
		if err == nil && overlap == 0 {
			return tx.endTicket("RevokeTicket", u, old)
		}
		return errors.Join(err, session.EndAfter(tx.r, old, instant(tx.now.Add(overlap))))
	})
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

// addKey adds the record of an API key, and writes a Change.
func (tx *Tx) addKey(u User, rec store.Ticket, rotates string) error {
	groups, err := tx.groupsOf(rec.Groups, nil)
	err = errors.Join(err, tx.r.AddTicket(rec))
	if err != nil {
		return err
	}
	c := Change{Action: "IssueKey", Subject: u.Name, SubjectID: u.ID, Object: rec.ID.String(), ObjectID: rec.ID}
	return tx.log(c, nil, session.IssuedKey{Label: rec.Label, Groups: groupNames(groups),
		Expires: rec.Expires, KeepWhenDisabled: rec.Kept, Rotates: rotates})
}

// lockEnabled locks a user, and refuses a disabled user.
func (tx *Tx) lockEnabled(id uuid.UUID) (store.UserRecord, error) {
	u, err := tx.r.LockUser(id)
	if err == nil && u.Disabled {
		err = disabled(u.Name)
	}
	return u, err
}

// updateToken runs f in an Update, and returns the token that f makes.
func (a *Authority) updateToken(ctx context.Context, f func(*Tx) (Token, error)) (t Token, err error) {
	err = a.Update(ctx, func(tx *Tx) (err error) {
		t, err = f(tx)
		return err
	})
	if err != nil {
		return Token{}, err
	}
	return t, nil
}
