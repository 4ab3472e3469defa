package policy

import (
	"slices"

	"github.com/rbac-go/rbac/store"
)

// Delegation is a delegation by the numbers of groups. Groups unknown to the
// policy are left out.
type Delegation struct {
	Group  int32
	Assign []int32 // sorted
	Users  bool
}

// Assigns reports whether the delegation names a group.
func (d Delegation) Assigns(group int32) bool {
	_, ok := slices.BinarySearch(d.Assign, group)
	return ok
}

// Delegations lists the delegations in the order of the numbers of their
// groups. The caller must not write to the list.
func (p *Policy) Delegations() []Delegation { return p.delegations }

// setDelegations replaces all delegations of the policy.
func (p *Policy) setDelegations(rows []store.Delegation) {
	for _, row := range rows {
		n, ok := p.groupIDs.Get(row.Group)
		if !ok {
			continue
		}
		d := Delegation{Group: n, Users: row.Users}
		for _, g := range row.Assign {
			if n, ok := p.groupIDs.Get(g); ok {
				d.Assign = append(d.Assign, n)
			}
		}
		slices.Sort(d.Assign)
		p.delegations = append(p.delegations, d)
	}
	slices.SortFunc(p.delegations, compareDelegations)
}

func compareDelegations(a, b Delegation) int { return int(a.Group) - int(b.Group) }

// delegationRecord is the record of a delegation in the change log.
type delegationRecord struct {
	Assign []string `json:"assign"`
	Users  bool     `json:"users"`
}

// changeDelegation adds or replaces a delegation. The record of the change
// names the groups as they were called then.
func (p *Policy) changeDelegation(c store.Change) bool {
	r, ok := record[delegationRecord](c.After)
	n, known := p.groupIDs.Get(c.SubjectID)
	if !ok || !known {
		return false
	}
	d := Delegation{Group: n, Users: r.Users}
	for _, name := range r.Assign {
		group, ok := p.groupNums.Get(name)
		if !ok {
			return false
		}
		d.Assign = append(d.Assign, group)
	}
	slices.Sort(d.Assign)
	p.deleteDelegation(c)
	p.delegations = insert(p.delegations, d, compareDelegations)
	return true
}

func (p *Policy) deleteDelegation(c store.Change) bool {
	n, ok := p.groupIDs.Get(c.SubjectID)
	p.delegations = slices.DeleteFunc(slices.Clone(p.delegations), func(d Delegation) bool {
		return d.Group == n
	})
	return ok
}

// delegated reports whether a delegation refers to a group.
func (p *Policy) delegated(group int32) bool {
	return slices.ContainsFunc(p.delegations, func(d Delegation) bool {
		return d.Group == group || d.Assigns(group)
	})
}
