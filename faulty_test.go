package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

var errFault = fmt.Errorf("%w: the disk is on fire", rbac.ErrUnavailable)

// faulty is a store that counts its calls and fails at a chosen call. The end
// of an Update counts as a call, too; if the end fails, the Update does not
// commit.
type faulty struct {
	rbac.Store
	calls  atomic.Int64
	failAt atomic.Int64                    // 0: none
	fail   func(ctx context.Context) error // the effect of the failure; nil: errFault
}

// arm makes the n-th call from now on fail.
func (s *faulty) arm(n int64) {
	s.calls.Store(0)
	s.failAt.Store(n)
}

// reached reports whether the failing call has happened.
func (s *faulty) reached() bool { return s.failAt.Load() != 0 && s.calls.Load() >= s.failAt.Load() }

func (s *faulty) call(ctx context.Context) error {
	if n := s.failAt.Load(); s.calls.Add(1) != n || n == 0 {
		return nil
	}
	if s.fail != nil {
		return s.fail(ctx)
	}
	return errFault
}

func (s *faulty) View(ctx context.Context, f func(store.Records) error) error {
	if err := s.call(ctx); err != nil {
		return err
	}
	return s.Store.View(ctx, func(r store.Records) error { return f(&faultyRecords{Records: r, store: s, ctx: ctx}) })
}

func (s *faulty) Update(ctx context.Context, f func(store.Records) error) error {
	if err := s.call(ctx); err != nil {
		return err
	}
	return s.Store.Update(ctx, func(r store.Records) error {
		fr := &faultyRecords{Records: r, store: s, ctx: ctx}
		if err := f(fr); err != nil {
			return err
		}
		return errors.Join(fr.failed, s.call(ctx))
	})
}
