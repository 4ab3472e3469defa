package policy

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// Whole reports whether the policy has every row of its tables. [New] leaves
// out odd rows of a store edited by hand.
func (p *Policy) Whole() bool { return !p.partial }

// Groups lists the rows of all groups in byte order of the names.
func (p *Policy) Groups() []store.Group {
	groups := make([]int32, 0, p.groupIDs.Len())
	for _, n := range p.groupIDs.All() {
		groups = append(groups, n)
	}
	return p.named(groups)
}

// GroupByID returns the group with an id, nil for an unknown id. The caller must
// not write to the group.
func (p *Policy) GroupByID(id uuid.UUID) *store.Group {
	n, ok := p.groupIDs.Get(id)
	if !ok {
		return nil
	}
	return &p.group(n).Group
}

// Permissions lists the rows of all permissions in byte order of the names.
func (p *Policy) Permissions() []store.Permission {
	rows := make([]store.Permission, 0, p.permissionNums.Len())
	for _, n := range p.permissionNames.From("") {
		rows = append(rows, p.permissions.Get(n).Permission)
	}
	return rows
}

// Sections lists all sections in byte order of the names.
func (p *Policy) Sections() []store.Section { return slices.Clone(p.sections) }

// Inheritances lists the inheritances that a filter selects, in byte order of
// the ids of senior and junior.
func (p *Policy) Inheritances(f store.InheritanceFilter) []store.Inheritance {
	var rows []store.Inheritance
	add := func(senior int32) {
		for _, junior := range p.group(senior).juniors {
			i := store.Inheritance{Senior: p.ID(senior), Junior: p.ID(junior)}
			if f.Junior == uuid.Nil || f.Junior == i.Junior {
				rows = append(rows, i)
			}
		}
	}
	switch {
	case f.Senior != uuid.Nil:
		if n, ok := p.groupIDs.Get(f.Senior); ok {
			add(n)
		}
	case f.Junior != uuid.Nil:
		if n, ok := p.groupIDs.Get(f.Junior); ok {
			for _, senior := range p.group(n).seniors {
				add(senior)
			}
		}
	default:
		for _, n := range p.groupIDs.All() {
			add(n)
		}
	}
	slices.SortFunc(rows, func(a, b store.Inheritance) int {
		return cmp.Or(bytes.Compare(a.Senior[:], b.Senior[:]), bytes.Compare(a.Junior[:], b.Junior[:]))
	})
	return rows
}
