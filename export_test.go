package rbac

import (
	"context"
	"net/netip"
	"weak"
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
func (a *Authority) Sweep(ctx context.Context) error { return a.sweep(ctx) }

// SweepIfSettled does what the background does each minute.
func (a *Authority) SweepIfSettled(ctx context.Context) error {
	if !a.clockSettled() {
		return nil
	}
	return a.sweep(ctx)
}

// Flush writes the last uses of tickets, as the background does.
func (a *Authority) Flush(ctx context.Context) error { return a.flush(ctx) }

// Failures returns how many failures are counted for a name from an address, and over all addresses.
func (a *Authority) Failures(ctx context.Context, name string, addr netip.Addr) (pair, all int, err error) {
	err = a.store.View(ctx, func(r Records) error {
		t, err := readThrottle(r, throttleName(Login{User: name}), addr)
		pair, all = t.pair.halved(a.now()).Failures, t.name.halved(a.now()).Failures
		return err
	})
	return pair, all, err
}

// HashesRunning returns how many callers have their turn to hash, and how many may.
func (a *Authority) HashesRunning() (now, most int) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	return a.queue.active, a.queue.running
}

// FillHashQueue takes all places of the queue for an address and others, and returns what frees them.
func (a *Authority) FillHashQueue() (free func()) {
	var places []*hashPlace
	for i := byte(0); ; i++ {
		p := a.queue.enter(addrPrefix(netip.AddrFrom4([4]byte{198, 18, 0, i})))
		if p == nil {
			break
		}
		places = append(places, p)
	}
	return func() {
		for _, p := range places {
			a.queue.leave(p)
		}
	}
}

// Poll asks the store what is new, as the follower does.
func (a *Authority) Poll(ctx context.Context) error { return a.pollOnce(ctx) }

// Distrust makes the Authority look at the store before it answers anything.
func (a *Authority) Distrust() { a.trust = 0 }

// MaxLookups is how many lookups wait for the store at once.
const MaxLookups = maxLookups

// ShareGroups reports whether two identities have one list of groups in common.
func ShareGroups(a, b *Identity) bool { return &a.here.closed[0] == &b.here.closed[0] }

// PollGap is how long at least the follower rests when it is woken.
const PollGap = pollGap

// PolicyKept returns what tells whether the policy that counts now is still in memory.
func (a *Authority) PolicyKept() func() bool {
	p := weak.Make(a.state.Load().policy)
	return func() bool { return p.Value() != nil }
}

// ForgetOld drops from the caches what stands on an old policy, as the background does.
func (a *Authority) ForgetOld() { a.forgetOld() }

// LogGuarantee tells of the store's guarantee, as the follower does after each poll.
func (a *Authority) LogGuarantee() { a.logGuarantee() }

// Remembering returns r as an Update has them that has locked the head, in a store of so many groups.
func Remembering(ctx context.Context, r Records, groups int) Records {
	return &updateRecords{Records: r, ctx: ctx, size: groups}
}

// UsersRemembered returns of how many users, and memberships of them, such Records remember something.
func UsersRemembered(r Records) (users, memberships int) {
	for _, m := range r.(*updateRecords).users {
		memberships += len(m.were)
	}
	return len(r.(*updateRecords).users), memberships
}

// MostRemembered and AskedOften are bounds of theirs.
const (
	MostRemembered = mostRemembered
	MostWere       = mostWere
	AskedOften     = askedOften
)

// Forget drops all users from the caches, and so all tickets.
func (a *Authority) Forget() { a.caches.users.InvalidateAll() }

// NoFinder makes the Authority read in a View what a Finder would find.
func (a *Authority) NoFinder() { a.finder = nil }
