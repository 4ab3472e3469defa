package session

import (
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// memo keeps the Identity that was last made of a user, or of a ticket.
type memo struct{ last atomic.Pointer[made] }

// made is an Identity, with what the Identity depends on.
type made struct {
	policy   *policy.Policy
	until    time.Time // the end of the next membership; zero: no end
	identity any
}

// valid reports whether the Identity holds at a time under a policy.
func (d *made) valid(p *policy.Policy, now time.Time) bool {
	return d != nil && d.policy == p && (d.until.IsZero() || now.Before(d.until))
}

// until returns when the Identity ends, the zero time for no end.
func (m *memo) until() (end time.Time) {
	if d := m.last.Load(); d != nil {
		end = d.until
	}
	return end
}

// dropOld drops the Identity of a policy other than p.
func (m *memo) dropOld(p *policy.Policy) {
	if d := m.last.Load(); d != nil && d.policy != p {
		m.last.CompareAndSwap(d, nil)
	}
}

// identity returns the Identity of a user with a ticket, and keeps the Identity
// in the memo. An Identity of another policy, or from before a membership has
// ended, is replaced. A nil ticket stands for no ticket.
func (m *Manager) identity(
	kept *memo, u *User, t *store.Ticket, p *policy.Policy, now time.Time,
) any {
	d := kept.last.Load()
	if !d.valid(p, now) {
		d = m.newIdentity(u, t, p, now)
		kept.last.Store(d)
		if u.Removed() { // nobody looks here again, and the Identity would keep its policy in memory
			kept.last.CompareAndSwap(d, nil)
		}
	}
	return d.identity
}

func (m *Manager) newIdentity(u *User, t *store.Ticket, p *policy.Policy, now time.Time) *made {
	return &made{
		policy:   p,
		until:    u.groups.NextEnd(now),
		identity: m.maker.User(p, u, p.AssignedNow(u.groups, now), t),
	}
}

// Anonymous returns the Identity of a request without a ticket.
func (m *Manager) Anonymous(p *policy.Policy) any {
	d := m.nobody.last.Load()
	if d == nil || d.policy != p {
		d = &made{policy: p, identity: m.maker.Anonymous(p)}
		m.nobody.last.Store(d)
	}
	return d.identity
}
