package console

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// seenEffect is preview for a delegate: what checked edits do to the memberships
// that the delegate may end, and to the rights by these memberships alone. The
// true effect would show which other memberships a user has.
func (v *visit) seenEffect(edits []edit, at *rbac.Revision) (rbac.Effect, error) {
	var seen rbac.Effect
	effect, err := v.c.auth.PreviewAs(v.reason(), v.id, func(tx *rbac.Tx) error {
		*at, v.now = tx.Revision(), tx.Now()
		s := &seenRights{v: v, tx: tx, groups: v.assignableGroups(tx), gives: map[string][]rbac.Permission{}}
		users, err := s.of(edits)
		if err != nil {
			return err
		}
		if err := applyAll(tx, edits); err != nil {
			return err
		}
		if err := s.again(users); err != nil {
			return err
		}
		seen = effectOf(users)
		seen.More = seen.More || s.more
		return nil
	})
	if err != nil {
		return rbac.Effect{}, err
	}
	for _, c := range effect.Changes {
		if !slices.Contains(consequences, c.Action) || slices.ContainsFunc(edits, endsSessions) {
			seen.Changes = append(seen.Changes, c)
		}
	}
	return seen, nil
}

func endsSessions(e edit) bool { return e.do == "end-sessions" || e.do == "end-session" }

// seenRights are the rights that users have by the memberships that a delegate
// sees.
type seenRights struct {
	v      *visit
	tx     *rbac.Tx
	groups *assignableGroups
	gives  map[string][]rbac.Permission
	more   bool // there were memberships in more than maxSeenScopes scopes
}

// userRights are the rights of a user before and after edits.
type userRights struct {
	rbac.User
	before, after scopesOf
}

// scopesOf has the scopes of each permission. The scope "" is everywhere.
type scopesOf map[string]map[string]bool

func (s scopesOf) has(permission, scope string) bool {
	return s[permission][""] || s[permission][scope]
}

// of returns the users of edits, in the order of their names, with their rights
// before the edits. Unknown users are left out: the edits are refused.
func (s *seenRights) of(edits []edit) (list []*userRights, err error) {
	byID := map[uuid.UUID]*userRights{}
	for _, e := range edits { // their scopes first: the number of scopes is bounded
		if _, err := s.assignable(e.get("scope")); err != nil {
			return nil, err
		}
	}
	for _, e := range edits {
		u, err := s.tx.User(e.get("user"))
		switch {
		case errors.Is(hidden(err), rbac.ErrNotFound):
		case err != nil:
			return nil, err
		case byID[u.ID] == nil:
			byID[u.ID] = &userRights{User: u}
			list = append(list, byID[u.ID])
		}
	}
	slices.SortFunc(list, func(a, b *userRights) int { return cmp.Compare(a.Name, b.Name) })
	rights, err := s.rights(list)
	for _, u := range list {
		u.before = rights[u.Name]
	}
	return list, err
}

// again reads the rights after the edits. Users who were deleted have none.
func (s *seenRights) again(list []*userRights) error {
	var left []*userRights
	for _, u := range list {
		now, err := s.tx.UserByID(u.ID)
		switch {
		case errors.Is(err, rbac.ErrNotFound):
		case err != nil:
			return err
		default:
			u.User = now
			left = append(left, u)
		}
	}
	rights, err := s.rights(left)
	for _, u := range left {
		u.after = rights[u.Name]
	}
	return err
}

// rights returns the rights of users now, by name.
func (s *seenRights) rights(list []*userRights) (map[string]scopesOf, error) {
	users, all := []rbac.User{}, map[string]scopesOf{}
	for _, u := range list {
		if !u.Disabled {
			users = append(users, u.User)
			all[u.Name] = scopesOf{}
		}
	}
	for m, err := range s.tx.Memberships(rbac.MembershipQuery{Users: users}) {
		if err != nil {
			return nil, err
		}
		seen, err := s.sees(m)
		if err != nil {
			return nil, err
		}
		if !seen {
			continue
		}
		gives, err := s.permissions(m.Group)
		if err != nil {
			return nil, err
		}
		for _, p := range gives {
			if all[m.User][p.Name] == nil {
				all[m.User][p.Name] = map[string]bool{}
			}
			all[m.User][p.Name][m.Scope] = true
		}
	}
	return all, nil
}

// sees reports whether a membership counts now and the delegate may end it.
func (s *seenRights) sees(m rbac.Membership) (bool, error) {
	if s.v.ended(m) || !s.v.access.sees(m.Scope) {
		return false, nil
	}
	groups, err := s.assignable(m.Scope)
	return hasGroup(groups, m.Group), err
}

// maxSeenScopes bounds the scopes about which one preview asks.
const maxSeenScopes = 50

// assignable returns the groups that the delegate may assign in a scope. Beyond
// maxSeenScopes scopes, these are the groups that the delegate may assign
// everywhere, if any.
func (s *seenRights) assignable(scope string) (groups []rbac.Group, err error) {
	if _, ok := s.groups.scopes[scope]; !ok && len(s.groups.scopes) >= maxSeenScopes {
		if !s.v.access.everywhere {
			s.more = true
			return nil, nil
		}
		scope = ""
	}
	return s.groups.in(scope)
}

func (s *seenRights) permissions(group string) (list []rbac.Permission, err error) {
	list, ok := s.gives[group]
	if !ok {
		list, err = s.tx.GroupPermissions(group)
		s.gives[group] = list
	}
	return list, err
}

// maxSeenRights bounds the lists of rights, as package rbac does.
const maxSeenRights = 1000

// effectOf returns the effect on the rights of users.
func effectOf(list []*userRights) (e rbac.Effect) {
	for _, u := range list {
		gained, lost := differing(u.Name, u.after, u.before), differing(u.Name, u.before, u.after)
		if len(gained)+len(lost) > 0 {
			e.Users++
		}
		e.Gained, e.Lost = append(e.Gained, gained...), append(e.Lost, lost...)
		e.More = e.More || len(e.Gained) > maxSeenRights || len(e.Lost) > maxSeenRights
		e.Gained, e.Lost = e.Gained[:min(len(e.Gained), maxSeenRights)], e.Lost[:min(len(e.Lost), maxSeenRights)]
	}
	return e
}

// differing returns the rights that are in some and not in others.
func differing(user string, some, others scopesOf) (list []rbac.Right) {
	for _, permission := range slices.Sorted(maps.Keys(some)) {
		for _, scope := range slices.Sorted(maps.Keys(some[permission])) {
			if !others.has(permission, scope) && (scope == "" || !some[permission][""]) {
				list = append(list, rbac.Right{User: user, Permission: permission, Scope: scope})
			}
		}
	}
	return list
}

// seenChanges leaves out what a delegate does not see: the sessions, keys and
// links that ended along with a change. If nothing else changed, ending sessions
// was the change itself.
func (v *visit) seenChanges(changes []rbac.Change) (seen []rbac.Change) {
	for _, c := range changes {
		if v.access.admin || !slices.Contains(consequences, c.Action) {
			seen = append(seen, c)
		}
	}
	if len(seen) == 0 {
		return changes
	}
	return seen
}

// seenFields are the fields of a user that delegates see.
var seenFields = []string{"name", "display_name", "email", "disabled"}

// aboutMemberships are the changes whose fields delegates see.
var aboutMemberships = []string{"AssignUser", "DeassignUser", "ModifyMembership"}

// seenDiff leaves out the fields that the person does not see.
func (v *visit) seenDiff(c rbac.Change) []fieldChange {
	list := v.fieldChanges(c)
	if v.access.admin || slices.Contains(aboutMemberships, c.Action) {
		return list
	}
	return slices.DeleteFunc(list, func(f fieldChange) bool { return !slices.Contains(seenFields, f.Name) })
}
