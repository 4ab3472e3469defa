package sqlstore

import (
	"iter"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

func (r *records) Memberships(f store.MembershipFilter) iter.Seq2[store.Member, error] {
	l := newMemberListing(f)
	return pages(r, "Memberships", f.Limit, func(last *store.Member, size int) ([]store.Member, error) {
		switch {
		case last != nil:
			return l.page(r, &last.Membership, size)
		case f.After.User != uuid.Nil:
			return l.page(r, &f.After, size)
		}
		return l.page(r, nil, size)
	})
}

func (r *records) Scopes() iter.Seq2[string, error] {
	// Each step finds the next scope by the index.
	const query = `WITH RECURSIVE scopes AS (
		SELECT min(scope) AS scope FROM rbac_memberships WHERE scope > ?
		UNION ALL
		SELECT (SELECT min(m.scope) FROM rbac_memberships m WHERE m.scope > scopes.scope) FROM scopes WHERE scopes.scope IS NOT NULL
	) SELECT scope FROM scopes WHERE scope IS NOT NULL LIMIT ?`
	return pages(r, "Scopes", 0, func(last *string, size int) ([]string, error) {
		after := ""
		if last != nil {
			after = *last
		}
		return all(r, "Scopes", scanText, query, after, size)
	})
}

// memberListing lists memberships along one index: all that a filter selects,
// or those with one value of a column after another.
type memberListing struct {
	filter store.MembershipFilter
	column string   // the first column of the order, if the filter lists values
	values []string // of the column, in order
	order  []string // the other columns of the order; only those that vary
}

// Columns of memberships.
const (
	userColumn  = "m.user_id"
	groupColumn = "m.group_id"
	scopeColumn = "m.scope"
	untilColumn = "m.until"
)

func newMemberListing(f store.MembershipFilter) memberListing {
	l := memberListing{filter: f}
	// The caller's slices may change before the listing runs. Other texts are
	// the scope of no membership.
	l.filter.Scopes = keptOnly(f.Scopes)
	switch {
	case f.Users != nil:
		l.column, l.values, l.order = userColumn, idTexts(f.Users), []string{groupColumn, scopeColumn}
	case f.Scopes != nil:
		l.column, l.values, l.order = scopeColumn, l.filter.Scopes, []string{groupColumn, userColumn}
	case f.Group != uuid.Nil:
		l.order = []string{userColumn, scopeColumn}
	case !f.EndingBefore.IsZero():
		l.order = []string{untilColumn, userColumn, groupColumn, scopeColumn}
	default:
		l.order = []string{userColumn, groupColumn, scopeColumn}
	}
	if f.Group != uuid.Nil {
		l.order = slices.DeleteFunc(l.order, func(column string) bool { return column == groupColumn })
	}
	slices.Sort(l.values)
	l.values = slices.Compact(l.values)
	return l
}

// page returns the memberships after one, or the first.
func (l *memberListing) page(r *records, after *store.Membership, size int) (page []store.Member, err error) {
	if l.column == "" {
		return l.read(r, where{}, l.order, after, size)
	}
	values := l.values
	if after != nil {
		// The rest of the value that the page before ended in.
		value := l.value(after)
		i, found := slices.BinarySearch(values, value)
		values = values[i:]
		if found {
			values = values[1:]
			if page, err = l.readValue(r, value, after, size); err != nil {
				return nil, err
			}
		}
	}
	var more []store.Member
	switch left := size - len(page); {
	case left == 0 || len(values) == 0:
		return page, nil
	case len(values) == 1:
		more, err = l.readValue(r, values[0], nil, left)
	default:
		var w where
		anyOf, list := r.store.dialect.AnyOf(l.column, values)
		w.and(anyOf, list)
		more, err = l.read(r, w, append([]string{l.column}, l.order...), nil, left)
	}
	return append(page, more...), err
}

// readValue returns memberships with one value of l.column.
func (l *memberListing) readValue(r *records, value string, after *store.Membership, size int) ([]store.Member, error) {
	var w where
	w.and(l.column+" = ?", value)
	return l.read(r, w, l.order, after, size)
}

// value returns the value of l.column.
func (l *memberListing) value(m *store.Membership) string {
	if l.column == userColumn {
		return m.User.String()
	}
	return m.Scope
}

func (l *memberListing) read(r *records, w where, order []string, after *store.Membership, size int) ([]store.Member, error) {
	f := &l.filter
	if f.Group != uuid.Nil {
		w.and(groupColumn+" = ?", f.Group)
	}
	if f.Scopes != nil && l.column != scopeColumn {
		anyOf, list := r.store.dialect.AnyOf(scopeColumn, f.Scopes)
		w.and(anyOf, list)
	}
	if !f.EndingBefore.IsZero() {
		// The number is zeroTime, and stands in the condition of an index.
		w.and("m.until <> (-62135596800000000)")
		w.and("m.until < ?", micros(f.EndingBefore))
	}
	if after != nil {
		w.after(order, after)
	}
	columns, scan := membershipColumns+names, scanMember
	if f.NoNames {
		columns, scan = membershipColumns, scanNameless
	}
	query := "SELECT " + columns + " FROM rbac_memberships m" + w.String() + " ORDER BY " + strings.Join(order, ", ") + " LIMIT ?"
	return all(r, "Memberships", scan, query, append(w.args, size)...)
}

// names has the name of the user, which is kept with the membership, and that
// of the group, which is looked up row by row: a join may read all groups.
const names = `,
	m.user_name,
	(SELECT g.name FROM rbac_groups g WHERE g.id = m.group_id)`

// after selects the memberships after one, in the order of columns.
func (w *where) after(columns []string, m *store.Membership) {
	var values []any
	for _, column := range columns {
		switch column {
		case userColumn:
			values = append(values, m.User)
		case groupColumn:
			values = append(values, m.Group)
		case scopeColumn:
			values = append(values, kept(m.Scope))
		case untilColumn:
			values = append(values, micros(m.Until))
		}
	}
	places := strings.Repeat(", ?", len(columns))[2:]
	w.and("("+strings.Join(columns, ", ")+") > ("+places+")", values...)
}

func scanNameless(row Row) (store.Member, error) {
	m, err := scanMembership(row)
	return store.Member{Membership: m}, err
}

func scanMember(row Row) (store.Member, error) {
	var m store.Member
	return m, row.Scan(append(membershipFields(&m.Membership), &m.UserName, &m.GroupName)...)
}
