package rbac

import (
	"slices"
	"time"

	"github.com/rbac-go/rbac/store"
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
func (p *policy) held(memberships []store.Membership) (h heldGroups) {
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

// heldAt returns the held groups that count at a time, by scope. They are not to be written to. A group that p has not any more is none
// of them, even if the log told only that it was deleted, and not that its members were taken out before.
func (p *policy) heldAt(now time.Time, h heldGroups) map[string][]int32 {
	assigned := map[string][]int32{"": p.existing(h.lasting)}
	for _, m := range h.others {
		if counts(m.until, now) && p.group(m.group) != nil {
			assigned[m.scope] = append(assigned[m.scope], m.group)
		}
	}
	return assigned
}

// existing returns those of groups that were not deleted: the list itself, to which nothing can be appended in place, where that is all.
func (p *policy) existing(groups []int32) []int32 {
	gone := func(n int32) bool { return p.group(n) == nil }
	if slices.ContainsFunc(groups, gone) {
		return slices.Clip(slices.DeleteFunc(slices.Clone(groups), gone))
	}
	return slices.Clip(groups)
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
