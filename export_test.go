package rbac

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"sync"
	"weak"

	"github.com/rbac-go/rbac/internal/password"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/store"
)

// What the tests of package rbac_test see of an Authority's inside.

// Sweep deletes what is dead, as the background does each minute while it believes the clock.
func (a *Authority) Sweep(ctx context.Context) error {
	return errors.Join(a.flush(ctx), a.sweeper.sweepOld(ctx))
}

// SweepIfSettled does what the background does each minute.
func (a *Authority) SweepIfSettled(ctx context.Context) error { return a.sweep(ctx) }

// Flush writes the last uses of tickets, as the background does.
func (a *Authority) Flush(ctx context.Context) error { return a.flush(ctx) }

// Failures returns how many failures in a row are counted for a login: of its
// client, or of all unknown clients if it is unknown.
func (a *Authority) Failures(ctx context.Context, l Login) (client string, failures int, err error) {
	at := a.newAttempt(l)
	err = a.store.View(ctx, func(r store.Records) error {
		if err := at.locate(r, a.now()); err != nil && !errors.Is(err, ErrThrottled) && !errors.Is(err, ErrBusy) {
			return err
		}
		c, err := at.read(r)
		failures = c.budget.Failures
		return err
	})
	return string(at.client), failures, err
}

// attempts are those of BeginAttempt.
var attempts []*attempt

// BeginAttempt reserves a place for an attempt that does not end by itself.
func (a *Authority) BeginAttempt(ctx context.Context, user string) {
	at := a.newAttempt(Login{User: user})
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

// EndAttempt ends the attempt that BeginAttempt began last.
func (a *Authority) EndAttempt(ctx context.Context, failed bool) {
	if err := attempts[len(attempts)-1].settle(ctx, failed); err != nil {
		panic(err)
	}
}

// FillHashQueue takes all places of the queue of hashes, each for another network,
// and returns a function that frees them.
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
		for n := range running*16 + 1 { // one of them finds no place
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

// Poll asks the store what is new, as the follower does.
func (a *Authority) Poll(ctx context.Context) error { return a.replica.Poll(ctx) }

// Distrust makes the Authority look at the store before it answers anything.
func (a *Authority) Distrust() { a.replica.Trust = 0 }

// MaxLookups is how many lookups wait for the store at once.
const MaxLookups = maxLookups

// PollGap is how long at least the follower rests when it is woken.
const PollGap = replica.PollGap

// PolicyKept returns what tells whether the policy that counts now is still in memory.
func (a *Authority) PolicyKept() func() bool {
	p := weak.Make(a.replica.State().Policy)
	return func() bool { return p.Value() != nil }
}

// ForgetOld drops from the caches what stands on an old policy, as the background does.
func (a *Authority) ForgetOld() { a.dropOldIdentities() }

// LogGuarantee tells of the store's guarantee, as the follower does after each poll.
func (a *Authority) LogGuarantee() { a.replica.LogGuarantee() }

// Forget drops all users from the caches, and so all tickets.
func (a *Authority) Forget() { a.users.EvictAll() }

// NoFinder makes the Authority read in a View what a Finder would find.
func (a *Authority) NoFinder() { a.lookups.finder = nil }
