package rbac

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/rbac-go/rbac/internal/names"
)

// scopedGroups are the groups of an Identity in every scope. It does not change.
type scopedGroups struct {
	global activeGroups
	scoped map[string]*activeGroups // those of the scopes that add something, the global ones included
}

// fill makes it of what is assigned in each scope. Scopes with the same
// assignments, which are most, share one entry.
func (a *scopedGroups) fill(assigned map[string][]int32, activate func(global, scoped []int32) groupLists) {
	everywhere := assigned[""]
	a.global.groupLists = activate(everywhere, nil)
	made := map[string]*activeGroups{}
	for scope, groups := range assigned {
		if scope == "" {
			continue
		}
		slices.Sort(groups)
		key := numbersKey(groups)
		if _, ok := made[key]; !ok {
			made[key] = &activeGroups{groupLists: activate(everywhere, groups)}
		}
		if made[key].equal(a.global.groupLists) {
			continue
		}
		if a.scoped == nil {
			a.scoped = map[string]*activeGroups{}
		}
		a.scoped[scope] = made[key]
	}
}

func numbersKey(numbers []int32) string {
	var b []byte
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return string(b)
}

// in returns the groups that count in a scope. None is shared by two policies, not even where there are no
// groups: what they remember follows from the policy, too.
func (a *scopedGroups) in(scope string) *activeGroups {
	if a == nil {
		return &activeGroups{}
	}
	if groups, ok := a.scoped[scope]; ok {
		return groups
	}
	return &a.global
}

func validScope(scope string) bool { return badScope(scope) == "" }

// badScope says what is wrong with a scope that is asked about; the one of a membership may be empty, too.
func badScope(scope string) string {
	if reason := names.CheckKey(scope); reason != "" {
		return "the scope is " + reason
	}
	return ""
}

// In returns id as it is in a scope: the memberships of that scope count, and those
// without scope, which count everywhere; those of another scope do not, not even of the one that id was in
// before. An empty or invalid scope gives the zero Identity, which meets no predicate: a
// scope that was forgotten must not be mistaken for one.
//
// Identities of [NewIdentity] and anonymous ones are the same in every scope. In of nil is nil.
func (id *Identity) In(scope string) *Identity {
	if id == nil {
		return nil
	}
	if !validScope(scope) {
		return &Identity{}
	}
	c := *id
	c.scope = scope
	if id.policy != nil {
		c.here = id.active.in(scope)
	}
	return &c
}

// Scopes tells where id has a permission: everywhere, or only in these scopes, in byte order. It is for
// lists: show all records, or those of the scopes. The scope that id is in makes no difference.
//
// An unknown permission is had nowhere. An Identity of [NewIdentity] has its permissions everywhere.
func (id *Identity) Scopes(permission string) (everywhere bool, scopes []string) {
	if !id.known() {
		return false, nil
	}
	if id.policy == nil {
		return id.HasPermission(permission), nil
	}
	p := id.policy.permission(permission)
	if p == nil {
		return false, nil
	}
	if p.given.meets(id.active.global.closed) {
		return true, nil
	}
	for scope, groups := range id.active.scoped {
		if p.given.meets(groups.closed) {
			scopes = append(scopes, scope)
		}
	}
	slices.Sort(scopes)
	return false, scopes
}

// In asks p in a scope: with the memberships of that scope, and those without
// scope, which count in every one. Within another In the inner scope alone counts. An empty
// or invalid scope is broken.
//
// To ask for a scope that the request names, make the predicate for the request:
//
//	In("org:"+r.PathValue("org"), HasPermission("invoice.read"))
func In(scope string, p Predicate) Predicate {
	if !validScope(scope) {
		return newLeaf(&flawed{"in", []string{strconv.Quote(scope), own(p).String()}, strconv.Quote(names.Printable(scope, 64)) + " is no valid scope"})
	}
	return newCompound(&inScope{compound{name: "in", parts: ownAll(p, nil)}, scope})
}

type inScope struct {
	compound
	scope string
}

func (c *inScope) judge(id view) verdict {
	if id.policy != nil {
		id.active, id.scope, id.scoped = id.Identity.active.in(c.scope), c.scope, true
	}
	return c.parts[0].judgePart(id)
}

func (c *inScope) call() (string, []string) {
	return "in", []string{strconv.Quote(c.scope), c.parts[0].String()}
}

func (c *inScope) enter(id *Identity) *Identity { return id.In(c.scope) }

func (c *inScope) combine(parts []finding) finding {
	f := parts[0]
	if f.need != "" {
		f.need = "in " + c.scope + ": " + f.need
	}
	if f.fact != "" && f.need == "" {
		f.fact = "in " + c.scope + ": " + f.fact
	}
	return f
}
