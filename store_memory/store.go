// Package memorystore keeps the records of an rbac.Authority in memory. The
// package is for tests, for small tools, and for services whose users live
// elsewhere and are declared anew at each start.
//
//	authority, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
//
// # Limits
//
// Nothing survives the process: users, tickets and the change log are gone when
// the process ends. The change log grows with every change, until an Authority
// deletes changes older than its Config.KeepChanges. A second process cannot
// see the store. If either matters, use package sqlitestore.
//
// # Concurrency
//
// A Store is safe for concurrent use and copies on write: a View reads the
// state that was committed last when the View began. A View neither waits for
// an Update nor blocks one. Updates run one after another, in no promised
// order. An Update that waits for its turn gives up when its context ends. The
// cost of an Update follows from the records that the Update touches, and grows
// with the logarithm of the size of the store.
package memorystore

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/rbac-go/rbac/store"
)

var (
	_ store.Store  = (*Store)(nil)
	_ store.Hinter = (*Store)(nil)
)

// Store is a [store.Store] in memory. Make a Store with [New].
type Store struct {
	committed atomic.Pointer[state] // never changed after the commit; nil: closed
	writer    chan struct{}         // holds one value while an Update runs
	stamp     uint64                // the last stamp given out; belongs to the writer
	hints     hints
}

// New returns an empty Store.
func New() *Store {
	s := &Store{writer: make(chan struct{}, 1)}
	s.committed.Store(&state{})
	return s
}

// View runs f on the state that was committed last.
func (s *Store) View(ctx context.Context, f func(store.Records) error) error {
	t, err := s.begin(ctx, false)
	if err != nil {
		return err
	}
	defer t.end()
	return f(t)
}

// Update runs f once, alone, and commits the writes of f.
func (s *Store) Update(ctx context.Context, f func(store.Records) error) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	t, err := s.begin(ctx, true)
	if err != nil {
		return err
	}
	defer t.end()
	if err := f(t); err != nil {
		return err
	}
	// The last check rolls back if the context ended during the last call of f.
	if err := t.usable(); err != nil {
		return err
	}
	t.end() // before others see the state: f may have kept t
	if s.committed.Swap(t.state).head != t.state.head {
		s.hints.send()
	}
	return nil
}

// Hints signals each commit that moved the head: Authorities on one Store
// follow each other at once.
func (s *Store) Hints(ctx context.Context) <-chan struct{} { return s.hints.open(ctx) }

// Close drops all records, after a running Update has ended. Running Views keep
// their state. A second Close does nothing.
func (s *Store) Close() error {
	s.writer <- struct{}{}
	defer s.unlock()
	s.committed.Store(nil)
	return nil
}

func (s *Store) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil { // select would choose at random
		return ended(err)
	}
	select {
	case s.writer <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ended(ctx.Err())
	}
}

func (s *Store) unlock() { <-s.writer }

func (s *Store) begin(ctx context.Context, writes bool) (*tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, ended(err)
	}
	committed := s.committed.Load()
	if committed == nil {
		return nil, fmt.Errorf("memorystore: closed: %w", store.ErrUnavailable)
	}
	t := &tx{ctx: ctx, store: s, writes: writes, state: committed}
	if writes {
		own := *committed
		t.state = &own
		t.freeze()
	}
	return t, nil
}

func ended(err error) error {
	return fmt.Errorf("memorystore: transaction: %w: %w", store.ErrUnavailable, err)
}
