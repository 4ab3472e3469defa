package replica

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// NewNonce returns the random nonce of a head. Two stores that diverge after
// the same revision, such as a restored copy, have different nonces.
func NewNonce() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return binary.LittleEndian.Uint64(b[:])
}

// Changes are what an Update changes, from one head to the next.
type Changes struct {
	From, To store.Head

	count  int
	users  []uuid.UUID    // the subjects of changes of users
	policy []store.Change // all others; of more than maxReplayed, the first
}

// Add adds a change.
func (c *Changes) Add(change store.Change) {
	c.count++
	if policy.AboutUser(change.Action) {
		c.users = append(c.users, change.SubjectID)
	} else if len(c.policy) <= maxReplayed {
		c.policy = append(c.policy, change)
	}
}

// Len returns the number of changes.
func (c *Changes) Len() int { return c.count }

// After returns the policy after changes from the head of st. It reports false
// if the changes begin at another head, or do not determine the policy.
func (st *State) After(c *Changes) (*policy.Policy, bool) {
	if !st.At(c.From) || len(c.policy) > maxReplayed {
		return nil, false
	}
	return st.Policy.After(c.policy)
}

// PolicyIn returns the policy that a transaction sees: at the head that the
// transaction began with, and after its own changes.
func (r *Replica) PolicyIn(rec store.Records, c *Changes) (*policy.Policy, error) {
	st := r.state.Load()
	if !st.At(c.From) && st.Policy != nil {
		never := func() bool { return false }
		changes, complete, err := changesSince(rec, st.Head, c.From, maxReplayed, never)
		if err != nil {
			return nil, err
		}
		if p, ok := st.Policy.After(changes); ok && complete {
			st = &State{c.From, p}
		}
	}
	if p, ok := st.After(c); ok {
		return p, nil
	}
	return Load(rec)
}

// Advance moves the State to the head of an Update of this Authority, so that
// every call after the Update sees the Update. Advance does not ask the store,
// which could fail: if the changes do not determine the next State, Advance
// gives up the lease. Asked is from before the Update began.
func (r *Replica) Advance(asked clock.Reading, c *Changes) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made = max(r.made, c.To.Revision)
	st := r.state.Load()
	switch p, ok := st.After(c); {
	case st.At(c.To): // somebody has followed the Update already
	case !ok:
		r.giveUp()
	default:
		for _, user := range c.users {
			r.cache.Evict(user)
		}
		r.move(&State{c.To, p})
		if r.failover == nil { // otherwise the server may have confirmed nothing
			r.lease.Store(&lease{asked})
		}
	}
	if r.waiting.Load() > 0 && r.lease.Load() == nil {
		r.wakeUp() // it may be long before anybody asks
	}
}

// Revision returns the last known revision: at least the revision of each
// change made through this Authority.
func (r *Replica) Revision() store.Revision {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(r.made, r.state.Load().Head.Revision)
}
