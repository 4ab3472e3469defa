// Package sqlstore is the relational store of rbac, written once. What differs from
// one engine, and from one driver, to the next is a [Dialect].
//
// Programs do not use it directly: they open a store of an engine, such as
// the one of package sqlitestore, which is made of this one.
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/store"
)

var (
	_ store.Store      = (*Store)(nil)
	_ store.HeadReader = (*Store)(nil)
)

// ErrInTheWay is in the error of a [Dialect] or a [Session] that has given up
// waiting for other transactions. Nothing was done.
var ErrInTheWay = errors.New("other transactions were in the way")

// Store is a [store.Store] on a relational database.
type Store struct {
	dialect Dialect
	closed  atomic.Bool
}

// New makes a store on tables that [BringUpToDate] has brought up to date.
func New(d Dialect) *Store { return &Store{dialect: d} }

// View runs f in a transaction that sees one state and cannot write.
func (s *Store) View(ctx context.Context, f func(store.Records) error) error {
	return s.transact(ctx, false, s.dialect.Begin, f)
}

// ViewOn is a View in a transaction that a dialect begins in a way of its own.
func ViewOn(ctx context.Context, s *Store, begin func(context.Context) (Session, error), f func(store.Records) error) error {
	return s.transact(ctx, false, func(ctx context.Context, _ bool) (Session, error) { return begin(ctx) }, f)
}

// Update runs f in a transaction that is committed, durably, if f returns nil
// and nothing in it failed, and leaves no trace otherwise.
func (s *Store) Update(ctx context.Context, f func(store.Records) error) error {
	return s.transact(ctx, true, s.dialect.Begin, f)
}

// Close closes what the dialect holds open. Calls that come later fail.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if err := s.dialect.Close(); err != nil {
		return s.fault(context.Background(), "close", err)
	}
	return nil
}

// ReadHead reads the head on the connection that the dialect keeps for it, and otherwise as a View does.
func (s *Store) ReadHead(ctx context.Context) (head store.Head, err error) {
	begin := func(ctx context.Context) (Session, error) { return s.dialect.Begin(ctx, false) }
	if d, ok := s.dialect.(Reserver); ok {
		begin = d.BeginReserved
	}
	err = ViewOn(ctx, s, begin, func(r store.Records) (err error) {
		head, err = r.Head()
		return err
	})
	return head, err
}

// transact runs a transaction, and runs it again as long as others are in the way.
func (s *Store) transact(ctx context.Context, write bool, begin func(context.Context, bool) (Session, error), f func(store.Records) error) error {
	start := time.Now()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		again, err := s.attempt(ctx, write, begin, f)
		if !again || time.Since(start) > patience {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause/2 + rand.N(pause)): // not in step with the others
		}
	}
}

const (
	firstPause   = 2 * time.Millisecond
	longestPause = 100 * time.Millisecond
	patience     = 10 * time.Second // after the first attempt
)

func (s *Store) attempt(ctx context.Context, write bool, begin func(context.Context, bool) (Session, error), f func(store.Records) error) (again bool, err error) {
	if s.closed.Load() {
		return false, s.fault(ctx, "begin", errors.New("the store is closed"))
	}
	session, err := begin(ctx, write)
	if err != nil {
		return s.dialect.Again(err), s.fault(ctx, "begin", err)
	}
	r := &records{store: s, ctx: ctx, session: session, write: write}
	defer r.end() // after a panic in f, too
	err = f(r)
	if err == nil && write {
		err = r.commit()
	}
	// The store's own error counts: f may have put it into words of its own, or have ignored it.
	return r.failed != nil && s.dialect.Again(r.failed), err
}

// fault turns an error of the driver into one of ours, which says where and in
// which call it happened. Drivers report the end of a context in their own
// words, or as a consequence of it; so the context itself is asked. Where others
// were in the way, nothing was done, and the error is store.ErrBusy.
func (s *Store) fault(ctx context.Context, call string, err error) error {
	if errors.Is(err, store.ErrUnavailable) {
		return err
	}
	if end := ctx.Err(); end != nil && !errors.Is(err, end) {
		return fmt.Errorf("%w: %v: %s: %w (%w)", store.ErrUnavailable, s.dialect, call, end, err)
	}
	kind := store.ErrUnavailable
	if s.dialect.Again(err) || errors.Is(err, ErrInTheWay) {
		kind = store.ErrBusy
	}
	return fmt.Errorf("%w: %v: %s: %w", kind, s.dialect, call, err)
}
