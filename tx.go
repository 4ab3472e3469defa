package rbac

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/txcache"
	"github.com/rbac-go/rbac/store"
)

// Tx is one transaction of an Authority: functions that administer (AddUser,
// GrantPermission, …) and functions that review (AssignedUsers, UserPermissions, …).
// [Authority.View] and [Authority.Update] hand it to a function, and it is dead
// when that function has returned: a later call fails with [ErrTxDone]. It is
// used by one goroutine at a time.
//
// A call that is refused ([ErrNotFound], [ErrExists], [ErrInvalid], [ErrReadOnly],
// [ErrCycle]) changes nothing and leaves the transaction usable. After any
// other error an Update cannot commit.
//
// Inside a View every call that changes something gives ErrReadOnly.
type Tx struct {
	a        *Authority
	ctx      context.Context
	r        store.Records
	readOnly bool
	now      time.Time
	actor    actor
	reason   string
	changes  replica.Changes // from the head that the transaction has found
	ended    []Change        // of tickets, to be logged after the commit
	watch    protection
	failed   error // of a change that was half made: then the Update does not commit, whatever its function returns

	permissionIDs map[uuid.UUID]struct{} // nil until asked for; see permissionID
}

// begin makes the Tx of a transaction. One that writes locks head first, so that
// Updates exclude each other and no rule can be broken by two that are fine alone.
func (a *Authority) begin(ctx context.Context, r store.Records, readOnly bool) (*Tx, error) {
	tx := &Tx{a: a, ctx: ctx, r: r, readOnly: readOnly, now: a.now()}
	var err error
	if readOnly {
		tx.changes.From, err = r.Head()
		return tx, err
	}
	if tx.changes.From, err = r.LockHead(); err != nil {
		return tx, err
	}
	tx.r = txcache.New(ctx, r, a.replica.State().CountGroups())
	tx.changes.To = store.Head{Revision: tx.changes.From.Revision + 1, Nonce: newNonce()}
	tx.reason = reasonOf(ctx)
	return tx, tx.findActor()
}

// end is called when the host is through with the Tx: the store refuses every
// later call.
func (tx *Tx) end() {
	if r, ok := tx.r.(*txcache.Records); ok {
		r.Stop()
	}
}

// finish moves head, if anything changed.
func (tx *Tx) finish() error {
	if tx.failed != nil {
		return tx.failed
	}
	if tx.changes.Len() == 0 {
		return nil
	}
	if err := tx.checkProtected(); err != nil {
		return err
	}
	return tx.r.SetHead(tx.changes.To)
}

func newNonce() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return binary.LittleEndian.Uint64(b[:])
}

// log writes a change; before and after are the record, or nil where there is none.
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
	return tx.r.AddChange(store.Change(c))
}

// recordJSON encodes a record for the change log; nil is no record.
func recordJSON(record any) (json.RawMessage, error) {
	if record == nil {
		return nil, nil
	}
	return json.Marshal(record)
}

// write takes the steps of a change, up to the first that fails.
func (tx *Tx) write(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return tx.fail(err)
		}
	}
	return nil
}

// fail keeps the Update from committing. What is not found in the middle of a change
// is no refusal: the store refers to a record that it does not have.
func (tx *Tx) fail(err error) error {
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: the store contradicts itself: %v", ErrUnavailable, err)
	}
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

func (tx *Tx) writable() error {
	if tx.readOnly {
		return ErrReadOnly
	}
	return nil
}

// Unwrap returns the store's own transaction, if the store gives it away, and nil
// otherwise. It is for store packages, which turn it into a type of their driver.
func (tx *Tx) Unwrap() any {
	if u, ok := tx.r.(interface{ Unwrap() any }); ok {
		return u.Unwrap()
	}
	return nil
}

// user finds a user by a name in any form.
func (tx *Tx) user(name string) (store.UserRecord, error) {
	canonical, err := canonicalUser(name)
	if err != nil {
		return store.UserRecord{}, err
	}
	u, err := tx.r.UserByName(canonical)
	return u, named(err, "user", name)
}

// lockUser is user for a change that logins must not overtake.
func (tx *Tx) lockUser(name string) (store.UserRecord, error) {
	u, err := tx.user(name)
	if err != nil {
		return u, err
	}
	u, err = tx.r.LockUser(u.ID)
	return u, named(err, "user", name)
}

func (tx *Tx) group(name string) (Group, error) {
	if err := validName("group", "Name", name); err != nil {
		return Group{}, err
	}
	g, err := tx.r.GroupByName(name)
	return Group(g), named(err, "group", name)
}

func (tx *Tx) permission(name string) (Permission, error) {
	if err := validName("permission", "Name", name); err != nil {
		return Permission{}, err
	}
	p, err := tx.r.Permission(name)
	return Permission(p), named(err, "permission", name)
}

// named gives a store's ErrNotFound the name of what was looked for.
func named(err error, record, name string) error {
	if errors.Is(err, ErrNotFound) {
		return &Error{Kind: ErrNotFound, Record: record, Name: name}
	}
	return err
}

// unknownID is named for a record that a Modify call looked for by its ID.
func unknownID(err error, record, name string) error {
	if errors.Is(err, ErrNotFound) {
		return &Error{Kind: ErrNotFound, Record: record, Name: name, Field: "ID"}
	}
	return err
}

// free turns the result of looking for a record that must not be there into an error.
func free(found error, record, name, field string) error {
	switch {
	case found == nil:
		return &Error{Kind: ErrExists, Record: record, Name: name, Field: field}
	case errors.Is(found, ErrNotFound):
		return nil
	}
	return found
}

// newID returns id, or where it is zero a new one that sorts by time of creation.
func newID(id uuid.UUID) (uuid.UUID, error) {
	if id != uuid.Nil {
		return id, nil
	}
	return uuid.NewV7()
}

// instant brings a time into the form in which stores keep it.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
