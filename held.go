package rbac

import (
	"slices"
	"time"
)

// heldGroups are the memberships of a user as a cache keeps them: by the numbers that groups have in a
// policy and in those that changes make of it.
type heldGroups struct {
	lasting []int32 // in every scope and without end, sorted
	others  []heldGroup
}

type heldGroup struct {
	group int32
	scope string
	until time.Time // zero: without end
}

// held leaves out memberships in groups that p does not have.
func (p *policy) held(memberships []MembershipRecord) (h heldGroups) {
	for _, m := range memberships {
		n, ok := p.groupIDs.Get(m.Group)
		switch {
		case !ok:
		case m.Scope == "" && m.Until.IsZero():
			h.lasting = append(h.lasting, n)
		default:
			h.others = append(h.others, heldGroup{n, m.Scope, m.Until})
		}
	}
	slices.Sort(h.lasting)
	h.lasting = slices.Clip(h.lasting)
	return h
}

// assigned returns the groups that count at a time, by scope. They are not to be written to.
func (h heldGroups) assigned(now time.Time) map[string][]int32 {
	assigned := map[string][]int32{"": slices.Clip(h.lasting)}
	for _, m := range h.others {
		if counts(m.until, now) {
			assigned[m.scope] = append(assigned[m.scope], m.group)
		}
	}
	return assigned
}

// nextEnd is when the next of those that count ends; zero: never.
func (h heldGroups) nextEnd(now time.Time) (end time.Time) {
	for _, m := range h.others {
		if counts(m.until, now) && !m.until.IsZero() && (end.IsZero() || m.until.Before(end)) {
			end = m.until
		}
	}
	return end
}
