package policy

import (
	"maps"
	"slices"
	"time"

	"github.com/rbac-go/rbac/store"
)

// Memberships are the memberships of a user in the form of a cache: by the
// numbers of groups. Memberships are valid with the policy from
// [Policy.Memberships] and with policies made of it by changes.
type Memberships struct {
	lasting []int32 // in every scope and without end, sorted
	others  []membership
}

// membership is a membership in a scope or with an end.
type membership struct {
	group int32
	scope string
	until time.Time // zero: without end
}

// Memberships compiles the memberships of a user. Unknown groups are left out.
func (p *Policy) Memberships(rows []store.Membership) (m Memberships) {
	for _, row := range rows {
		n, ok := p.groupIDs.Get(row.Group)
		switch {
		case !ok:
		case row.Scope == "" && row.Until.IsZero():
			m.lasting = append(m.lasting, n)
		default:
			m.others = append(m.others, membership{n, row.Scope, row.Until})
		}
	}
	slices.Sort(m.lasting)
	m.lasting = slices.Clip(m.lasting)
	return m
}

// NextEnd returns the earliest end of a membership after a time, and the zero
// time if no membership ends.
func (m Memberships) NextEnd(now time.Time) (end time.Time) {
	for _, o := range m.others {
		if Counts(o.until, now) && !o.until.IsZero() && (end.IsZero() || o.until.Before(end)) {
			end = o.until
		}
	}
	return end
}

// Counts reports whether a membership counts at a time; the zero until is no
// end. At the instant until, the membership has ended.
func Counts(until, now time.Time) bool { return until.IsZero() || now.Before(until) }

// Assigned are the groups assigned to a user at a time, by scope. The scope ""
// is everywhere.
type Assigned map[string][]int32

// Assigned returns the groups of the memberships in force at a time.
func (p *Policy) Assigned(rows []store.Membership, now time.Time) Assigned {
	assigned := Assigned{}
	for _, row := range rows {
		if n, ok := p.groupIDs.Get(row.Group); ok && Counts(row.Until, now) {
			assigned[row.Scope] = append(assigned[row.Scope], n)
		}
	}
	return assigned
}

// AssignedNow is Assigned for compiled memberships. Deleted groups are left
// out, even if the log has no changes that removed their members.
func (p *Policy) AssignedNow(m Memberships, now time.Time) Assigned {
	assigned := Assigned{"": p.existing(m.lasting)}
	for _, o := range m.others {
		if Counts(o.until, now) && p.group(o.group) != nil {
			assigned[o.scope] = append(assigned[o.scope], o.group)
		}
	}
	return assigned
}

// existing returns the groups of a list without deleted groups. Appending to
// the result never writes to the list.
func (p *Policy) existing(groups []int32) []int32 {
	deleted := func(n int32) bool { return p.group(n) == nil }
	if slices.ContainsFunc(groups, deleted) {
		groups = slices.DeleteFunc(slices.Clone(groups), deleted)
	}
	return slices.Clip(groups)
}

// Scopes lists the scopes in byte order, with "" in any case.
func (a Assigned) Scopes() []string { return scopes(a) }

// scopes lists the keys of a map in byte order, with "" in any case.
func scopes[V any](by map[string]V) []string {
	list := slices.Sorted(maps.Keys(by))
	if len(list) == 0 || list[0] != "" {
		list = slices.Insert(list, 0, "")
	}
	return list
}

// In returns the groups that are assigned in a scope, including the groups that
// are assigned everywhere.
func (a Assigned) In(scope string) []int32 {
	if scope == "" {
		return a[""]
	}
	return slices.Concat(a[""], a[scope])
}

// With returns a copy of the assignments with an additional group in a scope.
func (a Assigned) With(scope string, group int32) Assigned {
	with := maps.Clone(a)
	with[scope] = append(slices.Clone(with[scope]), group)
	return with
}
