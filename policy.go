package rbac

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/persistent"
	"github.com/rbac-go/rbac/store"
)

// policy is a compiled, immutable snapshot of what groups may do. Groups and permissions have
// small numbers, so that a check compares integers. The policy after a change shares with the
// one before whatever the change did not touch; see policy_change.go.
type policy struct {
	serial uint64                   // tells policies of this process apart, and later ones are higher
	nobody atomic.Pointer[Identity] // who has no ticket; see anonymous
	work   int                      // that changes to it have cost; see mostWork
	policyTables
}

// policyTables are the parts of a policy. A number stands for the same group or permission as
// long as the tables are changed and not read anew, and is not given again in that time.
type policyTables struct {
	groups    persistent.Vector[*policyGroup] // by number; nil: deleted
	groupNums persistent.Map[string, int32]
	groupIDs  persistent.Map[uuid.UUID, int32]

	permissions    persistent.Vector[*policyPermission] // by number; nil: deleted
	permissionNums persistent.Map[string, int32]
	names          persistent.Tree[int32] // of the permissions, in byte order

	loose    persistent.Map[string, []int32]    // groups by what they are granted other than an existing permission: patterns
	sets     persistent.Map[string, *policySet] // dynamic ones; in a policy made for a check, those to be checked
	sections []Section                          // in byte order of name
	menu     *lazyMenu
	shared   *sharedGroups
}

// policyGroup is a group in a policy. Its lists are replaced, never written to.
type policyGroup struct {
	Group
	serial           uint64 // of the policy that made it
	juniors, seniors []int32
	grants           []string     // its own: names of permissions, and patterns; sorted
	sets             []*policySet // those it is a member of
}

type policyPermission struct {
	serial uint64
	given  groupSet // the groups that give it, by a grant of their own or of a group they inherit
	Permission
}

// policySet is a separation of duty set. Members that the policy does not have count nowhere.
type policySet struct {
	store.Separation
	members []int32
}

func newPolicy() *policy {
	return &policy{serial: serials.Add(1), policyTables: policyTables{
		groupNums:      persistent.NewMap[string, int32](hashText),
		groupIDs:       persistent.NewMap[uuid.UUID, int32](hashID),
		permissionNums: persistent.NewMap[string, int32](hashText),
		loose:          persistent.NewMap[string, []int32](hashText),
		sets:           persistent.NewMap[string, *policySet](hashText),
		menu:           &lazyMenu{},
	}}
}

var hashSeed = maphash.MakeSeed()

func hashText(s string) uint64 { return maphash.String(hashSeed, s) }

func hashID(id uuid.UUID) uint64 { return maphash.Bytes(hashSeed, id[:]) }

func (p *policy) group(n int32) *policyGroup { return p.groups.Get(n) }

// permission returns the permission with a name, nil if there is none.
func (p *policy) permission(name string) *policyPermission {
	n, ok := p.permissionNums.Get(name)
	if !ok {
		return nil
	}
	return p.permissions.Get(n)
}

// foundGroup and foundPermission are what a predicate has found under its name in one policy.
type foundGroup struct {
	policy uint64
	number int32
	ok     bool
}

type foundPermission struct {
	policy uint64
	ok     bool // there is one
	given  groupSet
}

// findGroup looks a name up once in each policy. A predicate that serves several
// Authorities keeps what it found in the newest policy, and looks up in the others.
func (p *policy) findGroup(name string, kept *atomic.Pointer[foundGroup]) (int32, bool) {
	f := kept.Load()
	if f != nil && f.policy == p.serial {
		return f.number, f.ok
	}
	n, ok := p.groupNums.Get(name)
	if f == nil || f.policy < p.serial {
		kept.Store(&foundGroup{p.serial, n, ok})
	}
	return n, ok
}

// findPermission is findGroup for the groups that give a permission.
func (p *policy) findPermission(name string, kept *atomic.Pointer[foundPermission]) *foundPermission {
	f := kept.Load()
	if f != nil && f.policy == p.serial {
		return f
	}
	found := &foundPermission{policy: p.serial}
	if perm := p.permission(name); perm != nil {
		found.ok, found.given = true, perm.given
	}
	if f == nil || f.policy < p.serial {
		kept.Store(found)
	}
	return found
}

// closeOver returns the sorted numbers of groups and of all groups they inherit.
func (p *policy) closeOver(groups []int32) []int32 {
	return reachable(groups, func(n int32) []int32 { return p.group(n).juniors })
}

// inheritors returns the sorted numbers of groups and of all groups that inherit one of them.
func (p *policy) inheritors(groups ...int32) []int32 {
	return reachable(groups, func(n int32) []int32 { return p.group(n).seniors })
}

// reachable follows the edges from some numbers on. It ends on a cycle, too, in case a store was
// edited by hand.
func reachable(from []int32, edges func(int32) []int32) []int32 {
	reached := slices.Clone(from)
	var seen map[int32]struct{} // made when there is an edge, which most groups do not have
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

// byName sorts groups, of a list that is nobody else's, in byte order of their names.
func (p *policy) byName(groups []int32) []int32 {
	slices.SortFunc(groups, func(a, b int32) int { return strings.Compare(p.group(a).Name, p.group(b).Name) })
	return groups
}

// matching yields the permissions that a pattern gives, in byte order.
func (p *policy) matching(pattern string) func(yield func(string, int32) bool) {
	stem := names.Stem(pattern)
	return func(yield func(string, int32) bool) {
		for name, n := range p.names.Under(stem) {
			if name != stem && !yield(name, n) { // the stem itself, with its dot, is not below it
				return
			}
		}
	}
}

// permissionNames lists what groups, closed under inheritance, give, in byte order.
func (p *policy) permissionNames(closed []int32) []string {
	var grants []string
	for _, n := range closed {
		grants = append(grants, p.group(n).grants...)
	}
	var names []string
	for _, n := range p.givenBy(grants) {
		names = append(names, p.permissions.Get(n).Name)
	}
	slices.Sort(names)
	return names
}

// permissionList names the permissions, in byte order.
func (p *policy) permissionList() []string {
	var names []string
	for name := range p.names.From("") {
		names = append(names, name)
	}
	return names
}

// ids lists the groups.
func (p *policy) ids() []uuid.UUID {
	var ids []uuid.UUID
	for id := range p.groupIDs.All() {
		ids = append(ids, id)
	}
	return ids
}
