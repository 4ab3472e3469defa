// Package policy compiles the groups, permissions, grants and inheritances of
// a store into an immutable snapshot, with answers in nanoseconds.
//
// [New] compiles whole tables. [Policy.After] applies entries of the change
// log, and copies only the changed parts. [Policy.Activate] returns the active
// groups of a user, and [GroupName] and [PermissionName] are checks of active
// groups.
//
// Groups and permissions have small numbers: a check compares integers. The
// groups of a user are closed under inheritance when a user is activated, and
// the groups that give a permission when a policy is compiled. A check only
// asks whether two sets of groups have a number in common.
//
// Package policy uses the row types of package store. The package asks no store,
// reads no records of users, and makes no errors. Package rbac reads the tables,
// makes an Identity of [Active] groups, and an error of a [Violation].
package policy

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/persistent"
	"github.com/rbac-go/rbac/store"
)

// Policy is a compiled snapshot of the permissions of groups. A Policy does not
// change, and is safe for concurrent use.
type Policy struct {
	serial uint64
	work   int // cost of the changes so far; see maxWork
	tables
}

// tables are the parts of a policy. A number stands for a group or permission
// in a policy and in all policies made of it by changes. Numbers of deleted
// groups and permissions are not reused. New starts with 0 again.
type tables struct {
	groups    persistent.Vector[*group] // by number; nil: deleted
	groupNums persistent.Map[string, int32]
	groupIDs  persistent.Map[uuid.UUID, int32]

	permissions     persistent.Vector[*permission] // by number; nil: deleted
	permissionNums  persistent.Map[string, int32]
	permissionNames persistent.Tree[int32] // in byte order

	// otherGrants lists the groups with a grant of a pattern, by pattern. In a
	// store edited by hand, a grant of an unknown permission counts as a
	// pattern.
	otherGrants persistent.Map[string, []int32]
	sets        persistent.Map[string, *set] // by name
	sections    []store.Section              // in byte order of name
	delegations []Delegation                 // in the order of Group
	menu        *lazyMenu
	partial     bool // New left out rows
}

// group is a group in a policy. The lists are replaced, never written to: older
// policies share the lists.
type group struct {
	store.Group
	serial           uint64 // of the policy that made the group
	juniors, seniors []int32
	grants           []string // of the group itself: names and patterns; sorted
	sets             []*set   // the sets with the group as a member
}

// permission is a permission in a policy.
type permission struct {
	store.Permission
	serial uint64   // of the policy that made the permission
	givers groupSet // by a grant of their own or of an inherited group
}

// set is a separation of duty set. Members unknown to the policy are left out.
type set struct {
	store.Separation
	members []int32
}

// serials is the serial number of the latest policy.
var serials atomic.Uint64

func newPolicy() *Policy {
	return &Policy{serial: serials.Add(1), tables: tables{
		groupNums:      persistent.NewMap[string, int32](hashText),
		groupIDs:       persistent.NewMap[uuid.UUID, int32](hashID),
		permissionNums: persistent.NewMap[string, int32](hashText),
		otherGrants:    persistent.NewMap[string, []int32](hashText),
		sets:           persistent.NewMap[string, *set](hashText),
		menu:           &lazyMenu{},
	}}
}

// hashSeed makes the hashes of names and ids unpredictable for clients.
var hashSeed = maphash.MakeSeed()

func hashText(s string) uint64 { return maphash.String(hashSeed, s) }

func hashID(id uuid.UUID) uint64 { return maphash.Bytes(hashSeed, id[:]) }

// Serial returns the serial number of the policy in the process. Later policies
// have higher numbers, and no policy has the number 0.
func (p *Policy) Serial() uint64 { return p.serial }

// CountGroups returns the number of groups.
func (p *Policy) CountGroups() int { return p.groupIDs.Len() }

// CountPermissions returns the number of permissions.
func (p *Policy) CountPermissions() int { return p.permissionNums.Len() }

// CountSeparations returns the number of dynamic sets.
func (p *Policy) CountSeparations() int { return p.sets.Len() }

// NamesByID lists the names of groups in byte order. Unknown ids are left out.
func (p *Policy) NamesByID(ids []uuid.UUID) []string {
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		if n, ok := p.groupIDs.Get(id); ok {
			names = append(names, p.Name(n))
		}
	}
	slices.Sort(names)
	return names
}

// Group returns the group with a name, nil for an unknown name. The caller must
// not write to the group.
func (p *Policy) Group(name string) *store.Group {
	n, ok := p.groupNums.Get(name)
	if !ok {
		return nil
	}
	return &p.group(n).Group
}

// Permission returns the permission with a name, nil for an unknown name. The
// caller must not write to the permission.
func (p *Policy) Permission(name string) *store.Permission {
	perm := p.permission(name)
	if perm == nil {
		return nil
	}
	return &perm.Permission
}

// GroupNames lists the names of all groups in byte order.
func (p *Policy) GroupNames() []string {
	var names []string
	for name := range p.groupNums.All() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// GroupIDs lists the ids of all groups. The list is never nil.
func (p *Policy) GroupIDs() []uuid.UUID {
	ids := []uuid.UUID{}
	for id := range p.groupIDs.All() {
		ids = append(ids, id)
	}
	return ids
}

// PermissionNames lists the names of all permissions in byte order.
func (p *Policy) PermissionNames() []string {
	var names []string
	for name := range p.permissionNames.From("") {
		names = append(names, name)
	}
	return names
}

func (p *Policy) group(n int32) *group { return p.groups.Get(n) }

func (p *Policy) permission(name string) *permission {
	n, ok := p.permissionNums.Get(name)
	if !ok {
		return nil
	}
	return p.permissions.Get(n)
}

// Closure returns the sorted numbers of groups and of all inherited groups.
func (p *Policy) Closure(groups []int32) []int32 {
	return reachable(groups, func(n int32) []int32 { return p.group(n).juniors })
}

// inheritors returns the sorted numbers of groups and of all their inheritors.
func (p *Policy) inheritors(groups ...int32) []int32 {
	return reachable(groups, func(n int32) []int32 { return p.group(n).seniors })
}

// reachable returns, sorted, the start of a search along the edges and all
// numbers reached by the search. The search terminates on a cycle, too: a store
// edited by hand may have cycles.
func reachable(from []int32, edges func(int32) []int32) []int32 {
	reached := slices.Clone(from)
	var seen map[int32]struct{} // made for the first edge: most groups have none
	for i := 0; i < len(reached); i++ {
		for _, n := range edges(reached[i]) {
			if seen == nil {
				seen = make(map[int32]struct{}, len(from))
				for _, n := range from {
					seen[n] = struct{}{}
				}
			}
			if _, ok := seen[n]; !ok {
				seen[n] = struct{}{}
				reached = append(reached, n)
			}
		}
	}
	return sortedSet(reached)
}

// ByName returns a copy of groups in byte order of the names.
func (p *Policy) ByName(groups []int32) []int32 {
	groups = slices.Clone(groups)
	slices.SortFunc(groups, func(a, b int32) int {
		return strings.Compare(p.group(a).Name, p.group(b).Name)
	})
	return groups
}

// Names returns the names of groups, in the order of the groups.
func (p *Policy) Names(groups []int32) []string {
	names := make([]string, len(groups))
	for i, n := range groups {
		names[i] = p.group(n).Name
	}
	return names
}

// named returns the rows of groups, each once, in byte order of the names.
// named sorts groups in place.
func (p *Policy) named(groups []int32) []store.Group {
	groups = p.ByName(sortedSet(groups))
	rows := make([]store.Group, len(groups))
	for i, n := range groups {
		rows[i] = p.group(n).Group
	}
	return rows
}

// Name returns the name of the group with a number.
func (p *Policy) Name(n int32) string { return p.group(n).Name }

// ID returns the id of the group with a number.
func (p *Policy) ID(n int32) uuid.UUID { return p.group(n).ID }

// Number returns the number of the group with an id.
func (p *Policy) Number(id uuid.UUID) (n int32, ok bool) { return p.groupIDs.Get(id) }

// sortedIDs sorts ids in place, and removes repetitions.
func sortedIDs(ids []uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}
