package rbac

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/events"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/txcache"
	"github.com/rbac-go/rbac/store"
)

// Tx is one transaction of an Authority, with functions that administer
// (AddUser, GrantPermission, …) and functions that review (AssignedUsers,
// UserPermissions, …). [Authority.View] and [Authority.Update] pass a Tx to a
// function. When the function has returned, the Tx is over: a later call fails
// with [ErrTxDone]. A Tx is not safe for concurrent use.
//
// A call that is refused ([ErrNotFound], [ErrExists], [ErrInvalid],
// [ErrReadOnly], [ErrCycle]) changes nothing and leaves the transaction usable.
// After any other error an Update cannot commit. Inside a View every call that
// changes something returns ErrReadOnly.
//
// Where a comment does not say more, an unknown record is ErrNotFound, a taken
// name or key is ErrExists, and an impossible argument is ErrInvalid.
//
// Functions that review read the records at the time of the transaction. They
// return what a user is assigned to, in any scope, even if the account is
// disabled: only a predicate decides what a request may do. A sequence reads
// the records each time it is ranged over, and yields an error once, last.
type Tx struct {
	a          *Authority
	ctx        context.Context
	r          *txcache.Tx
	readOnly   bool
	now        time.Time
	actor      actor
	reason     string
	changes    replica.Changes // from the head at the beginning of the transaction
	recorded   bool            // of a Preview or Sync, which return the changes
	written    []Change        // if recorded: to the change log so far
	as         *delegate       // of an UpdateAs; nil: the program may do everything
	noted      []Change        // for events after the commit
	protection protection
	failed     error // of a half-made change; a non-nil error keeps the Update from committing

	permissionIDs map[uuid.UUID]struct{} // nil until the first use; see permissionID
}

// begin returns the Tx of a transaction. An Update locks head first, so that
// Updates exclude each other: no two Updates that are valid alone can break a
// rule together.
func (a *Authority) begin(ctx context.Context, r store.Records, readOnly bool) (*Tx, error) {
	tx := &Tx{a: a, ctx: ctx, readOnly: readOnly, now: a.now()}
	var err error
	if readOnly {
		tx.changes.From, err = r.Head(store.NoLock)
		tx.r = txcache.NewView(ctx, r, a.replica.State().PolicyAt(tx.changes.From))
		return tx, err
	}
	if tx.changes.From, err = r.Head(store.ExclusiveLock); err != nil {
		return tx, err
	}
	tx.now = a.now() // the Update may have waited for the lock, and memberships and tickets may have ended
	st := a.replica.State()
	tx.r = txcache.NewUpdate(ctx, r, st.PolicyAt(tx.changes.From), st.CountGroups())
	tx.changes.To = store.Head{Revision: tx.changes.From.Revision + 1, Nonce: replica.NewNonce()}
	tx.reason = reasonOf(ctx)
	return tx, tx.findActor()
}

// Now returns the time of the transaction, by [Config.Clock]: the time at which
// memberships, tickets and links are judged, and the time of its changes.
func (tx *Tx) Now() time.Time { return tx.now }

// finish moves head, if anything changed.
func (tx *Tx) finish() error {
	if tx.failed != nil {
		return tx.failed
	}
	if tx.changes.Len() == 0 {
		return nil
	}
	if err := tx.checkCreated(); err != nil {
		return err
	}
	if err := tx.checkProtected(); err != nil {
		return err
	}
	return tx.r.SetHead(tx.changes.To)
}

// log writes a change. The arguments before and after are the record, or nil if
// the record does not exist.
func (tx *Tx) log(c Change, before, after any) error {
	var err1, err2 error
	c.Before, err1 = recordJSON(before)
	c.After, err2 = recordJSON(after)
	if err := errors.Join(err1, err2); err != nil {
		return tx.fail(err)
	}
	c.Revision, c.Nonce, c.Seq, c.At = tx.changes.To.Revision, tx.changes.To.Nonce, tx.changes.Len(), tx.now
	c.Actor, c.Verified, c.ActedFor, c.Reason = tx.actor.name, tx.actor.verified, tx.actor.actedFor, tx.reason
	tx.changes.Add(store.Change(c))
	if tx.recorded {
		tx.written = append(tx.written, c)
	}
	if len(tx.noted) < events.Capacity/2 { // of a very large Update, the first
		plain := c
		plain.Before, plain.After = nil, nil
		tx.noted = append(tx.noted, plain)
	}
	return tx.r.AddChange(store.Change(c))
}

// recordJSON returns a record in the form of the change log, and nil for a
// record that does not exist.
func recordJSON(record any) (json.RawMessage, error) {
	if record == nil {
		return nil, nil
	}
	return json.Marshal(record)
}

// write runs the steps of a change, up to the first step that fails.
func (tx *Tx) write(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return tx.fail(err)
		}
	}
	return nil
}

// fail keeps the Update from committing. An ErrNotFound in the middle of a
// change is not a refusal: the store refers to a record that it does not have.
func (tx *Tx) fail(err error) error {
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: the store contradicts itself: %v", ErrUnavailable, err)
	}
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// Revision returns the latest revision at the start of the transaction. The
// changes of an Update get the next revision.
func (tx *Tx) Revision() Revision { return tx.changes.From.Revision }

// Unwrap returns the store's own transaction, or nil if the store does not
// expose it. Unwrap is for store packages, which convert the transaction to a
// type of their driver.
func (tx *Tx) Unwrap() any { return tx.r.Unwrap() }

// instant returns a time in the form in which stores keep times.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// protection has the permissions that a transaction must not take from their
// last holder: those of Config.Protected that had a holder before the first
// call of the transaction that could take a permission away.
//
// The state at the end of the transaction counts, so an Update may replace the
// last holder. Updates exclude each other, so two Updates cannot each remove
// one of the last two holders.
type protection struct {
	started     bool
	permissions []string
}

// protect is called before each step that may take a permission from a user.
func (tx *Tx) protect() error {
	if tx.protection.started {
		return nil
	}
	tx.protection.started = true
	for _, permission := range tx.a.cfg.Protected {
		ok, err := tx.rules().HasHolder(permission)
		if err != nil {
			return err
		}
		if ok {
			tx.protection.permissions = append(tx.protection.permissions, permission)
		}
	}
	return nil
}

// checkProtected returns ErrProtected for each permission that would lose its
// last holder.
func (tx *Tx) checkProtected() error {
	var lost []error
	for _, permission := range tx.protection.permissions {
		ok, err := tx.rules().HasHolder(permission)
		if err != nil {
			return err
		}
		if !ok {
			lost = append(lost, &Error{Kind: ErrProtected, Record: "permission", Name: permission})
		}
	}
	return errors.Join(lost...)
}
