package rbac

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"runtime"
	"sync"

	"github.com/rbac-go/rbac/internal/password"
	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/store"
)

// Access to an Authority's internals for the tests of package rbac_test.

// Sweep deletes dead records, as the background does each minute while the
// background trusts the clock.
func (a *Authority) Sweep(ctx context.Context) error {
	return a.sessions.DeleteOld(ctx)
}

// SweepIfSettled sweeps as the background does each minute.
func (a *Authority) SweepIfSettled(ctx context.Context) error { return a.sessions.Sweep(ctx) }

// Flush writes the last uses of tickets, as the background does.
func (a *Authority) Flush(ctx context.Context) error { return a.sessions.Flush(ctx) }

// Failures returns the number of failures in a row that count for a login: of
// its client, or of all unknown clients if the client is unknown.
func (a *Authority) Failures(ctx context.Context, l Login) (client string, failures int, err error) {
	at := a.newAttempt(l, "test")
	err = a.store.View(ctx, func(r store.Records) error {
		if err := at.locate(r, a.now()); err != nil && !errors.Is(err, ErrThrottled) && !errors.Is(err, ErrBusy) {
			return err
		}
		row, err := r.Throttle(at.counted.Key(at.counted.Client))
		if err != nil || row.State == "" {
			return err
		}
		var budget throttle.Budget
		err = json.Unmarshal([]byte(row.State), &budget)
		failures = budget.Failures
		return err
	})
	return string(at.counted.Client), failures, err
}

// attempts are the attempts of BeginAttempt.
var attempts []*attempt

// BeginAttempt reserves a place for an attempt that does not end by itself.
func (a *Authority) BeginAttempt(ctx context.Context, user string) {
	at := a.newAttempt(Login{User: user}, "test")
	err := a.update(ctx, func(r store.Records) error {
		if err := at.locate(r, a.now()); err != nil {
			return err
		}
		_, err := at.reserve(r, a.now())
		return err
	})
	if err != nil {
		panic(err)
	}
	attempts = append(attempts, at)
}

// EndAttempt ends the last attempt of BeginAttempt.
func (a *Authority) EndAttempt(ctx context.Context, failed bool) {
	cause := ErrUnavailable
	if failed {
		cause = ErrBadCredentials
	}
	if err := attempts[len(attempts)-1].settle(ctx, cause); err != nil {
		panic(err)
	}
}

// FillHashQueue takes all places of the queue of hashes, each for another
// network, and returns a function that frees the places.
func (a *Authority) FillHashQueue() (free func()) {
	running := max(1, runtime.GOMAXPROCS(0)/2)
	ctx, cancel := context.WithCancel(context.Background())
	var turns []*password.Turn
	wait := func(line byte, n int) (*password.Turn, error) {
		addr := netip.AddrFrom4([4]byte{198, line, byte(n), 1})
		return a.passwords.Wait(ctx, throttle.Prefixes(addr), line == 1)
	}
	for n := range running {
		turn, err := wait(2, n)
		if err != nil {
			panic(err)
		}
		turns = append(turns, turn)
	}
	var waiting sync.WaitGroup
	turnedAway := make(chan struct{})
	for line := range byte(2) {
		for n := range running*16 + 1 { // one login finds no place
			waiting.Go(func() {
				turn, err := wait(line, n)
				switch {
				case err == nil: // after free
					turn.End()
				case errors.Is(err, password.ErrBusy):
					turnedAway <- struct{}{}
				}
			})
		}
		<-turnedAway
	}
	return func() {
		cancel()
		waiting.Wait()
		for _, turn := range turns {
			turn.End()
		}
	}
}

// Poll reads new changes from the store, as the follower does.
func (a *Authority) Poll(ctx context.Context) error { return a.replica.Poll(ctx) }

// Distrust makes the Authority look at the store before every answer.
func (a *Authority) Distrust() { a.replica.Trust = 0 }
