package rbac

import (
	"context"
	"errors"
	"net/netip"
	"weak"

	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// What the tests of package rbac_test see of an Authority's inside.

// The names under which HashCalls counts.
const (
	CountCurrent = countCurrent
	CountOldCost = countOldCost
	CountBcrypt  = countBcrypt
	CountScrypt  = countScrypt
	CountPBKDF2  = countPBKDF2
)

// HashCalls returns how many hashes of a kind were computed.
func (a *Authority) HashCalls(kind string) int { return a.hasher.calls(kind) }

// SetVerified sets what a Login calls between verifying the password and making the ticket.
func (a *Authority) SetVerified(f func()) { a.verified = f }

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
		if err := at.look(r, a.now()); err != nil && !errors.Is(err, ErrThrottled) && !errors.Is(err, ErrBusy) {
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
		if err := at.look(r, a.now()); err != nil {
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
	if err := a.settle(ctx, attempts[len(attempts)-1], failed); err != nil {
		panic(err)
	}
}

// HashesRunning returns how many callers have their turn to hash, and how many may.
func (a *Authority) HashesRunning() (now, most int) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	return a.queue.active, a.queue.running
}

// FillHashQueue takes all places of the queue, each for another network, and
// returns what frees them.
func (a *Authority) FillHashQueue() (free func()) {
	var places []*hashPlace
	for i := byte(0); ; i++ {
		unknown := a.queue.enter(netip.AddrFrom4([4]byte{198, 18, i, 1}), false)
		known := a.queue.enter(netip.AddrFrom4([4]byte{198, 19, i, 1}), true)
		for _, p := range []*hashPlace{unknown, known} {
			if p != nil {
				places = append(places, p)
			}
		}
		if unknown == nil && known == nil {
			break
		}
	}
	return func() {
		for _, p := range places {
			a.queue.leave(p)
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
