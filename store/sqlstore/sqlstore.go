// Package sqlstore is the relational store of rbac, written once for all
// engines. A [Dialect] holds the differences between engines, and between
// drivers.
//
// Programs do not use this package directly. Programs open the store of an
// engine, such as the store of package sqlitestore, which is built on this
// package.
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

// Store is a [store.Store] on a relational database. Make a Store with New. A
// Store is safe for concurrent use.
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

// ViewOn is a View in a transaction that begin starts.
func ViewOn(ctx context.Context, s *Store, begin func(context.Context) (Session, error), f func(store.Records) error) error {
	return s.transact(ctx, false, func(ctx context.Context, _ bool) (Session, error) { return begin(ctx) }, f)
}

// Update runs f in a transaction. If f returns nil and no call in f failed, the
// transaction is committed, durably. Otherwise the transaction is rolled back.
func (s *Store) Update(ctx context.Context, f func(store.Records) error) error {
	return s.transact(ctx, true, s.dialect.Begin, f)
}

// Close closes the resources of the dialect. Later calls fail.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if err := s.dialect.Close(); err != nil {
		return s.fault(context.Background(), "close", err)
	}
	return nil
}

// ReadHead reads the head on the connection that a [Reserver] keeps for the
// head, and in a View otherwise.
func (s *Store) ReadHead(ctx context.Context) (head store.Head, err error) {
	begin := func(ctx context.Context) (Session, error) { return s.dialect.Begin(ctx, false) }
	if d, ok := s.dialect.(Reserver); ok {
		begin = d.BeginReserved
	}
	err = ViewOn(ctx, s, begin, func(r store.Records) (err error) {
		head, err = r.Head(store.NoLock)
		return err
	})
	return head, err
}

// transact runs a transaction, and runs the transaction again as long as other
// transactions are in the way.
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
		case <-time.After(pause/2 + rand.N(pause)): // jitter, since others retry, too
		}
	}
}

const (
	firstPause   = 2 * time.Millisecond
	longestPause = 100 * time.Millisecond
	patience     = 10 * time.Second // from the beginning of the first attempt
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
	defer r.end() // also after a panic in f
	err = f(r)
	if err == nil && write {
		err = r.commit()
	}
	// The error of the store decides, since f may have reworded or ignored that
	// error.
	return r.failed != nil && s.dialect.Again(r.failed), err
}

// fault turns an error of the driver into an error of the store, which names
// the database and the failed call. Drivers report the end of a context in
// words of their own, or as a consequence of the end. fault therefore checks
// the context itself. If other transactions were in the way, nothing was done,
// and the error is store.ErrBusy.
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
