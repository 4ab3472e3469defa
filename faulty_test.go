package rbac_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
)

var errFault = fmt.Errorf("%w: the disk is on fire", rbac.ErrUnavailable)

// faulty is a store that counts its calls and fails at a chosen call. The
// beginning and the commit of a transaction count as calls, too; if the commit
// fails, nothing is written.
type faulty struct {
	rbac.Store
	whole  rbac.Store
	calls  atomic.Int64
	failAt atomic.Int64                    // 0: none
	fail   func(ctx context.Context) error // the effect of the failure; nil: errFault
}

func newFaulty(whole rbac.Store) *faulty {
	s := &faulty{whole: whole}
	begin := func(ctx context.Context, run func() error) error {
		if err := s.call(ctx); err != nil {
			return err
		}
		return run()
	}
	call := func(c storefault.Call) error { return s.call(c.Context) }
	s.Store = hooked(whole, storefault.Hooks{View: begin, Update: begin, Call: call})
	return s
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
