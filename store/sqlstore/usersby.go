package sqlstore

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// members selects users who have a membership in one of groups and in one of
// scopes. Nil groups are all groups, and nil scopes all scopes.
//
// The memberships of a group, and those of a group in a scope, have an index in
// the order of the users' names. The cost of a page of users therefore follows
// the page and the number of groups, and not the number of members.
type members struct {
	dialect   Dialect
	groups    []uuid.UUID
	scopes    []string
	at        time.Time // only memberships that have not ended at this time
	permanent bool      // only memberships without an end
}

// manyMembers is the number of members from which on users who meet a rare
// condition are looked for among all users, and not among the members.
const manyMembers = 50_000

// fewMembers is the number of members of scopes up to which the members of all
// groups are sorted for a page of users. With more members, each group is read
// in its order, which costs one query for each group.
const fewMembers = 5_000

// usersBy are the users that a filter selects: those of source who meet where.
type usersBy struct {
	where
	source *members // nil: all users
	nobody bool
	rare   bool // few users may meet where, and no index finds them
}

func (r *records) usersBy(call string, f store.UserFilter) (by usersBy, err error) {
	switch { // no arguments, so that the index of disabled users is found
	case f.Enabled:
		by.and("NOT disabled")
	case f.Disabled:
		by.and("disabled")
	}
	if !f.LastLoginBefore.IsZero() {
		by.and("last_login < ?", micros(f.LastLoginBefore))
	}
	if f.Search != "" {
		var columns []string
		var args []any
		for _, column := range []string{"name", "display_name", "email"} {
			condition, arg := r.store.dialect.Contains(column, lower(f.Search))
			columns, args = append(columns, condition), append(args, arg)
		}
		by.and("("+strings.Join(columns, " OR ")+")", args...)
	}
	by.rare = f.Search != "" || !f.LastLoginBefore.IsZero()
	list, err := r.members(call, f)
	if err != nil || len(list) == 0 {
		return by, err
	}
	rare := by.rare || f.Disabled
	sizes := make([]int, len(list))
	for i, m := range list {
		by.nobody = by.nobody || m.empty()
		if rare || len(list) > 1 {
			if sizes[i], err = r.countMembers(call, m, manyMembers); err != nil {
				return by, err
			}
		}
	}
	smallest := slices.Index(sizes, slices.Min(sizes))
	for i, m := range list {
		if i == smallest && !(rare && sizes[i] == manyMembers) {
			by.source = &m
		} else {
			m.exist(&by.where)
		}
	}
	return by, nil
}

// members returns the conditions of a filter on memberships.
func (r *records) members(call string, f store.UserFilter) (list []members, err error) {
	for _, m := range []members{
		{r.store.dialect, f.Groups, f.Scopes, f.At, f.Permanent},
		{r.store.dialect, f.AlsoGroups, f.AlsoScopes, f.At, false},
	} {
		if m.groups == nil && m.scopes == nil && !m.permanent {
			continue
		}
		if m.permanent {
			m.scopes = permanentScopes(m.scopes)
		}
		if m.groups == nil {
			size, err := r.countMembers(call, m, fewMembers+1)
			if err != nil {
				return nil, err
			}
			if size > fewMembers {
				if m.groups, err = r.groupsIn(call, m.scopes); err != nil {
					return nil, err
				}
			}
		}
		list = append(list, m)
	}
	return list, nil
}

// permanentScopes returns those scopes that permanent memberships have.
func permanentScopes(scopes []string) []string {
	if scopes == nil || slices.Contains(scopes, "") {
		return []string{""}
	}
	return []string{}
}

// groupsIn returns the groups that have memberships in scopes.
func (r *records) groupsIn(call string, scopes []string) ([]uuid.UUID, error) {
	groups := []uuid.UUID{}
	for _, scope := range scopes {
		in, err := all(r, call, scanID, `SELECT g.id FROM rbac_groups g
			WHERE EXISTS (SELECT 1 FROM rbac_memberships m WHERE m.scope = ? AND m.group_id = g.id)`, scope)
		if err != nil {
			return nil, err
		}
		groups = append(groups, in...)
	}
	return groups, nil
}

// countMembers counts memberships, up to a bound.
func (r *records) countMembers(call string, m members, most int) (int, error) {
	if m.empty() {
		return 0, nil
	}
	list, args := m.find("1")
	return one(r, call, scanInt, "SELECT count(*) FROM ("+list+" LIMIT ?) few", append(args, most)...)
}

// usersAmong returns a page of the users of source after a name. Each round
// reads the next members of each group by name, or the next members of any group
// if there are few, and then their users.
func (r *records) usersAmong(by usersBy, after string, size int) (users []store.UserRecord, err error) {
	for step := max(size/max(len(by.source.groups), 1), 16); ; step = min(4*step, perRound) {
		list, more, err := r.nextMembers(*by.source, after, step)
		if err != nil || len(list) == 0 {
			return users, err
		}
		enough := perRound
		if len(by.conditions) == 0 {
			enough = size - len(users)
		}
		if len(list) > enough {
			list, more = list[:enough], true
		}
		ids := make([]uuid.UUID, len(list))
		for i, m := range list {
			ids[i] = m.id
		}
		w := where{slices.Clone(by.conditions), slices.Clone(by.args)}
		w.and(r.anyID("id", ids))
		// The next page comes after the last name of this page, even if a host
		// has changed names here and not in the memberships.
		w.and("(name || '') > ?", after)
		round, err := r.sortUsers(w, size-len(users))
		if err != nil {
			return nil, err
		}
		if users = append(users, round...); len(users) == size || !more {
			return users, nil
		}
		after = list[len(list)-1].name
	}
}

// perRound is the largest number of members of a group, and of users, that a
// round reads, and perQuery the number of groups in a statement.
const perRound, perQuery = 1024, 50

// namedID is a user of members, found in the list with a number.
type namedID struct {
	list int
	name string
	id   uuid.UUID
}

// nextMembers returns the users of m after a name, in the order of their names.
// If a group has more than step members after the name, the list ends with the
// last name up to which it is complete.
//
// Each group has a query of its own, with an order and a limit. PostgreSQL
// misjudges the number of names between two names in a group, and then reads
// all users.
func (r *records) nextMembers(m members, after string, step int) (found []namedID, more bool, err error) {
	queries, args := m.next(after, step)
	for n := range slices.Chunk(queries, perQuery) {
		each := len(args) / len(queries) * len(n)
		part, err := all(r, "Users", scanNamedID, strings.Join(n, " UNION ALL "), args[:each]...)
		if err != nil {
			return nil, false, err
		}
		queries, args, found = queries[len(n):], args[each:], append(found, part...)
	}
	sizes, last := map[int]int{}, map[int]string{}
	for _, u := range found {
		sizes[u.list]++
		last[u.list] = max(last[u.list], u.name)
	}
	upTo := ""
	for list, n := range sizes {
		if n == step && (upTo == "" || last[list] < upTo) {
			upTo = last[list]
		}
	}
	if upTo != "" {
		found = slices.DeleteFunc(found, func(u namedID) bool { return u.name > upTo })
	}
	slices.SortFunc(found, func(a, b namedID) int { return strings.Compare(a.name, b.name) })
	found = slices.CompactFunc(found, func(a, b namedID) bool { return a.name == b.name })
	return found, upTo != "", nil
}

func scanNamedID(row Row) (namedID, error) {
	var u namedID
	return u, row.Scan(&u.list, &u.name, &u.id)
}

// walked is the number of users that are read in the order of their names for
// a page of rare users. Thereafter all users are read in any order, and those
// found are sorted, which is several times faster.
const walked = 2000

// rareUsers returns a page of the users after a name. The page has more than
// size users if there is no limit: a listing should not read all users again
// for each page.
func (r *records) rareUsers(by usersBy, after string, size, limit int) ([]store.UserRecord, error) {
	names, err := all(r, "Users", scanText, "SELECT name FROM rbac_users WHERE name > ? ORDER BY name LIMIT 1 OFFSET ?", after, walked-1)
	if err != nil {
		return nil, err
	}
	w := where{slices.Clone(by.conditions), slices.Clone(by.args)}
	w.and("name > ?", after)
	for _, name := range names {
		w.and("name <= ?", name)
	}
	users, err := r.selectUsers(w, size)
	if err != nil || len(users) == size || len(names) == 0 {
		return users, err
	}
	size -= len(users)
	if limit == 0 {
		size = max(size, walked)
	}
	by.and("NOT (name <= ?)", names[0]) // for which SQLite has no index
	rest, err := r.sortUsers(by.where, size)
	return append(users, rest...), err
}

// empty reports whether there can be no members.
func (m members) empty() bool {
	return m.groups != nil && len(m.groups) == 0 || m.scopes != nil && len(m.scopes) == 0
}

// next returns a query for each group and scope, with arguments of the same
// number: at most step members after a name. For all groups there is one query,
// which sorts.
func (m members) next(after string, step int) (queries []string, args []any) {
	add := func(w where) {
		w.and("m.user_name > ?", after)
		m.live(&w)
		list := strconv.Itoa(len(queries))
		queries = append(queries, "SELECT "+list+", l.user_name, l.user_id FROM (SELECT m.user_name, m.user_id FROM rbac_memberships m"+
			w.String()+" ORDER BY m.user_name LIMIT ?) l")
		args = append(append(args, w.args...), step)
	}
	if m.groups == nil {
		var w where
		w.and(m.dialect.AnyOf("m.scope", m.scopes))
		add(w)
		return queries, args
	}
	scopes := m.scopes
	if scopes == nil {
		scopes = []string{""}
	}
	for _, scope := range scopes {
		for _, group := range m.groups {
			var w where
			if m.scopes != nil {
				w.and("m.scope = ?", scope)
			}
			w.and("m.group_id = ?", group)
			add(w)
		}
	}
	return queries, args
}

// find selects a column of the memberships.
func (m members) find(column string) (query string, args []any) {
	var w where
	if m.groups != nil {
		w.and(m.dialect.AnyOf("m.group_id", idTexts(m.groups)))
	}
	if m.scopes != nil {
		w.and(m.dialect.AnyOf("m.scope", m.scopes))
	}
	m.live(&w)
	return "SELECT " + column + " FROM rbac_memberships m" + w.String(), w.args
}

// exist adds the condition that a user is among the members.
func (m members) exist(w *where) {
	if m.empty() {
		return
	}
	found, args := m.find("1")
	w.and("EXISTS ("+found+" AND m.user_id = rbac_users.id)", args...)
}

// live adds the condition that a membership has not ended.
func (m members) live(w *where) {
	if m.permanent {
		w.and("m.until = ?", zeroTime)
	} else {
		w.and("(m.until = ? OR m.until > ?)", zeroTime, micros(m.at))
	}
}
