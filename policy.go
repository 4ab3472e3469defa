package rbac

import (
	"cmp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"
)

// policy is a compiled, immutable snapshot of what groups may do. Groups have small numbers, so that a check compares integers.
type policy struct {
	groups   []policyGroup // by number, in byte order of name
	groupNum map[string]int32
	groupIDs map[uuid.UUID]int32
	perms    map[string]*policyPermission
	names    []string // of permissions, in byte order
	menu     []MenuSection
	serial   uint64                   // tells policies of this process apart, and later ones are higher
	nobody   atomic.Pointer[Identity] // who has no ticket; see anonymous
	sets     []SeparationRecord       // dynamic ones; in a policy made for a check, those to be checked
}

type policyGroup struct {
	Group
	closure []int32  // its own number and those of all groups it inherits, sorted
	juniors []int32  // immediate, sorted
	grants  []string // its own: names of permissions, and patterns; sorted
	sets    []int32  // those it is a member of
	first   bool     // gives a protected permission: it is activated before others
}

type policyPermission struct {
	Permission
	groups []int32  // sorted numbers of the groups that give it, by a grant of their own or of a group they inherit
	bits   []uint64 // the same as a bitset, where that is smaller; otherwise nil
}

// givenBy reports whether one of groups gives it.
func (p *policyPermission) givenBy(groups []int32) bool {
	if p.bits == nil {
		return intersect(groups, p.groups)
	}
	for _, n := range groups {
		if p.bits[n>>6]>>(n&63)&1 != 0 {
			return true
		}
	}
	return false
}

// makeBits makes the bitsets of those permissions that many groups give.
func (p *policy) makeBits() {
	for _, perm := range p.perms {
		if 32*len(perm.groups) <= len(p.groups) {
			continue
		}
		perm.bits = make([]uint64, len(p.groups)/64+1)
		for _, n := range perm.groups {
			perm.bits[n>>6] |= 1 << (n & 63)
		}
	}
}

// foundGroup and foundPermission are what a predicate has found under its name in one policy.
type foundGroup struct {
	policy uint64
	number int32
	ok     bool
}

type foundPermission struct {
	policy     uint64
	permission *policyPermission // nil: there is none
}

// findGroup looks a name up once in each policy. A predicate that serves several
// Authorities keeps what it found in the newest policy, and looks up in the others.
func (p *policy) findGroup(name string, kept *atomic.Pointer[foundGroup]) (int32, bool) {
	f := kept.Load()
	if f != nil && f.policy == p.serial {
		return f.number, f.ok
	}
	n, ok := p.groupNum[name]
	if f == nil || f.policy < p.serial {
		kept.Store(&foundGroup{p.serial, n, ok})
	}
	return n, ok
}

func (p *policy) findPermission(name string, kept *atomic.Pointer[foundPermission]) *policyPermission {
	f := kept.Load()
	if f != nil && f.policy == p.serial {
		return f.permission
	}
	perm := p.perms[name]
	if f == nil || f.policy < p.serial {
		kept.Store(&foundPermission{p.serial, perm})
	}
	return perm
}

// loadPolicy reads and compiles the policy that r shows.
func loadPolicy(r Records, protected []string) (*policy, error) {
	p := &policy{serial: serials.Add(1)}
	for _, step := range []func(Records) error{p.readGroups, p.readInheritances, p.readPermissions, p.readGrants, p.readSeparations, p.readMenu} {
		if err := step(r); err != nil {
			return nil, err
		}
	}
	p.spreadGrants()
	p.makeBits()
	for _, name := range protected {
		if perm, ok := p.perms[name]; ok {
			p.activateFirst(perm.groups)
		}
	}
	return p, nil
}

func (p *policy) readGroups(r Records) error {
	groups, err := r.Groups()
	p.setGroups(groups)
	return err
}

// setGroups numbers groups, which are in byte order of name.
func (p *policy) setGroups(groups []Group) {
	p.groups = make([]policyGroup, len(groups))
	p.groupNum = make(map[string]int32, len(groups))
	p.groupIDs = make(map[uuid.UUID]int32, len(groups))
	for i, g := range groups {
		p.groups[i] = policyGroup{Group: g}
		p.groupNum[g.Name], p.groupIDs[g.ID] = int32(i), int32(i)
	}
}

func (p *policy) readInheritances(r Records) error {
	inheritances, err := r.Inheritances()
	p.setInheritances(inheritances)
	return err
}

func (p *policy) setInheritances(inheritances []InheritanceRecord) {
	for _, i := range inheritances {
		senior, ok1 := p.groupIDs[i.Senior]
		junior, ok2 := p.groupIDs[i.Junior]
		if ok1 && ok2 {
			p.groups[senior].juniors = append(p.groups[senior].juniors, junior)
		}
	}
	for n := range p.groups {
		slices.Sort(p.groups[n].juniors)
	}
	for n := range p.groups {
		p.groups[n].closure = p.closeOver([]int32{int32(n)})
	}
}

// closeOver returns the sorted numbers of groups and of all groups they inherit. It
// ends on a cycle, too, in case a store was edited by hand.
func (p *policy) closeOver(groups []int32) []int32 {
	closed := slices.Clone(groups)
	seen := make(map[int32]struct{}, len(groups))
	for _, n := range groups {
		seen[n] = struct{}{}
	}
	for i := 0; i < len(closed); i++ {
		for _, j := range p.groups[closed[i]].juniors {
			if _, ok := seen[j]; !ok {
				seen[j] = struct{}{}
				closed = append(closed, j)
			}
		}
	}
	slices.Sort(closed)
	return slices.Compact(closed)
}

func (p *policy) readPermissions(r Records) error {
	permissions, err := r.Permissions()
	p.perms = make(map[string]*policyPermission, len(permissions))
	p.names = make([]string, len(permissions))
	for i, perm := range permissions {
		p.perms[perm.Name] = &policyPermission{Permission: perm}
		p.names[i] = perm.Name
	}
	return err
}

func (p *policy) readGrants(r Records) error {
	grants, err := r.Grants()
	for _, g := range grants {
		n, ok := p.groupIDs[g.Group]
		if !ok {
			continue
		}
		name := g.Permission
		if perm, ok := p.perms[name]; ok {
			name = perm.Name // one text for all who name it
		}
		p.groups[n].grants = append(p.groups[n].grants, name) // they come in the order of group and permission
	}
	return err
}

// spreadGrants gives each group, in the order of the numbers, what it and the groups it inherits are granted.
func (p *policy) spreadGrants() {
	for n := range p.groups {
		for _, from := range p.groups[n].closure {
			for _, name := range p.groups[from].grants {
				if isPattern(name) {
					p.give(int32(n), expand(p.names, name)...)
				} else {
					p.give(int32(n), name)
				}
			}
		}
	}
}

// give adds a group, not lower than any added before, to those that give permissions.
func (p *policy) give(group int32, permissions ...string) {
	for _, name := range permissions {
		perm, ok := p.perms[name]
		if ok && (len(perm.groups) == 0 || perm.groups[len(perm.groups)-1] != group) {
			perm.groups = append(perm.groups, group)
		}
	}
}

func (p *policy) readSeparations(r Records) error {
	sets, err := r.Separations(true)
	p.setSeparations(sets)
	return err
}

func (p *policy) readMenu(r Records) error {
	sections, err := r.Sections()
	slices.SortStableFunc(sections, func(a, b Section) int { return cmp.Compare(a.Position, b.Position) })
	at := make(map[string]int, len(sections))
	for i, s := range sections {
		at[s.Name] = i
		p.menu = append(p.menu, MenuSection{Section: s})
	}
	for _, name := range p.names {
		perm := p.perms[name].Permission
		if i, ok := at[perm.Section]; ok {
			p.menu[i].Permissions = append(p.menu[i].Permissions, perm)
		}
	}
	for _, s := range p.menu {
		slices.SortStableFunc(s.Permissions, func(a, b Permission) int {
			return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.Name, b.Name))
		})
	}
	return err
}
