package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
)

// Many right logins of one user at once, through several Authorities, are not
// failures: each login succeeds or finds no place in the queue.
func TestRightLoginsAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		authorities := []*rbac.Authority{h.office(rbac.Config{MaxTickets: 1000}), h.open(rbac.Config{MaxTickets: 1000}), h.open(rbac.Config{MaxTickets: 1000})}
		var in, busy atomic.Int64
		var all sync.WaitGroup
		for n := range 120 {
			all.Go(func() {
				_, err := authorities[n%3].Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Addr: addr(n)})
				switch {
				case err == nil:
					in.Add(1)
				case errors.Is(err, rbac.ErrBusy):
					busy.Add(1)
				default:
					t.Errorf("a right login among many: %v", err)
				}
			})
		}
		all.Wait()
		if in.Load() < 3 || in.Load()+busy.Load() != 120 {
			t.Errorf("%d got in, %d were busy", in.Load(), busy.Load())
		}
	})
}

type hangUpKey struct{}

// Of a hundred guesses in parallel, with half of the clients hanging up, every
// verified guess was counted.
func TestGuessesInParallel(t *testing.T) {
	eachStoreAlone(t, func(t *testing.T, h *house) {
		const kib = 32 << 10 // of each hash; everything else in all logins takes less
		// clients hang up as soon as the first Update is committed
		h.store = hooked(h.store, storefault.Hooks{Update: func(ctx context.Context, run func() error) error {
			err := run()
			if hangUp, ok := ctx.Value(hangUpKey{}).(func()); ok {
				hangUp()
			}
			return err
		}})
		a := h.office(rbac.Config{MaxFailures: 5, Argon2id: rbac.Argon2id{MemoryKiB: kib, Time: 1}})
		var refused, busy, throttled atomic.Int64
		guess := func(n int) {
			c, cancel := context.WithCancel(ctx)
			defer cancel()
			if n%4 < 2 {
				c = context.WithValue(c, hangUpKey{}, func() { cancel() })
			}
			_, err := a.Login(c, rbac.Login{User: fmt.Sprint("user", n%2), Password: "guess", Addr: addr(n)})
			switch {
			case err == rbac.ErrBadCredentials:
				refused.Add(1)
			case errors.Is(err, rbac.ErrBusy):
				busy.Add(1)
			case errors.Is(err, rbac.ErrThrottled):
				throttled.Add(1)
			default:
				t.Errorf("a guess: %v", err)
			}
		}
		hashed := int64(allocatedBy(func() {
			var all sync.WaitGroup
			for n := range 100 {
				all.Go(func() { guess(n) })
			}
			all.Wait()
		}, kib))
		counted := 0
		for n := range 2 {
			_, failures, err := a.Failures(ctx, rbac.Login{User: fmt.Sprint("user", n)})
			must(t, err)
			counted += failures
			if failures > 5 {
				t.Errorf("user%d: %d guesses in a row; five are allowed", n, failures)
			}
		}
		if hashed != int64(counted) || hashed != refused.Load() || hashed+busy.Load()+throttled.Load() != 100 || hashed == 0 {
			t.Errorf("%d verified, %d counted, %d answered; %d busy, %d throttled", hashed, counted, refused.Load(), busy.Load(), throttled.Load())
		}
	})
}
