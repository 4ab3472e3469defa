package effect

import (
	"bytes"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// pageSize is the number of users whose memberships are read together.
const pageSize = 500

type member struct {
	id       uuid.UUID
	name     string
	from, to int // the memberships of the member among the rows of the page
}

// members adds the effect on the members of groups whose permissions change,
// page by page. The memberships of these users stay.
func (c *computation) members(groups []uuid.UUID, touched map[uuid.UUID]*user) error {
	// The memberships of a deleted group have ended, so its members are touched.
	groups = slices.DeleteFunc(groups, func(id uuid.UUID) bool {
		_, ok := c.next.policy.Number(id)
		return !ok
	})
	if len(groups) == 0 {
		return nil
	}
	filter, err := c.membersFilter(groups)
	if err != nil {
		return err
	}
	var page []member
	for u, err := range c.r.Users(filter) {
		if err != nil {
			return err
		}
		if touched[u.ID] != nil {
			continue
		}
		if page = append(page, member{id: u.ID, name: u.Name}); len(page) < pageSize {
			continue
		}
		if err := c.addMembers(page); err != nil {
			return err
		}
		page = page[:0]
	}
	return c.addMembers(page)
}

// membersFilter selects at least the enabled members of groups. If most users
// are members, all users are listed, which is several times faster.
func (c *computation) membersFilter(groups []uuid.UUID) (store.UserFilter, error) {
	filter := store.UserFilter{Groups: groups, At: c.now, Enabled: true}
	members, err1 := c.r.CountUsers(filter)
	all, err2 := c.r.CountUsers(store.UserFilter{})
	if 2*members > all {
		filter = store.UserFilter{Enabled: true}
	}
	return filter, errors.Join(err1, err2)
}

// addMembers adds the effect on a page of users, in the order of the page.
func (c *computation) addMembers(page []member) error {
	rows, err := c.memberships(page)
	if err != nil {
		return err
	}
	for _, m := range page {
		stays := account{name: m.name, enabled: true, memberships: rows[m.from:m.to]}
		c.add(m.name, stays, stays)
	}
	return nil
}

// memberships reads the memberships of a page.
func (c *computation) memberships(page []member) (rows []store.Membership, err error) {
	byID, ids := make([]*member, len(page)), make([]uuid.UUID, len(page))
	for i := range page {
		byID[i] = &page[i]
	}
	slices.SortFunc(byID, func(a, b *member) int { return bytes.Compare(a.id[:], b.id[:]) })
	for i, m := range byID {
		ids[i] = m.id
	}
	at := 0
	for row, err := range c.r.Memberships(store.MembershipFilter{Users: ids, NoNames: true}) {
		if err != nil {
			return nil, err
		}
		for byID[at].id != row.User {
			at++
			byID[at].from, byID[at].to = len(rows), len(rows)
		}
		rows = append(rows, row.Membership)
		byID[at].to = len(rows)
	}
	return rows, nil
}
