package effect

import (
	"bytes"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// members adds the effect on users whose memberships stay, page by page.
//
// When the lists are full, only the number of users matters. Users in the same
// groups as an earlier user are then counted without computing their rights.
type members struct {
	*computation
	only  []string // the permissions that can differ; nil: every permission can
	page  []member // users whose memberships are to be read
	known map[string]like

	// Reused for each page and for each user.
	ids   []uuid.UUID
	rows  []store.Membership
	force []store.Membership
	key   []byte
}

type member struct {
	id       uuid.UUID
	name     string
	from, to int // the memberships of the user among rows
}

// like reports whether users in the same groups gain, and whether they lose,
// rights.
type like struct{ gain, lose bool }

const (
	pageSize = 500  // users whose memberships are read together
	maxKnown = 4096 // entries of known; then all are dropped
)

// add adds a user, and the effect on the users of a full page.
func (m *members) add(id uuid.UUID, name string) error {
	if m.page = append(m.page, member{id: id, name: name}); len(m.page) < pageSize {
		return nil
	}
	return m.flush()
}

// flush adds the effect on the users of the page, in the order of the page.
func (m *members) flush() error {
	if len(m.page) == 0 {
		return nil // a filter without users selects the memberships of all
	}
	if err := m.read(); err != nil {
		return err
	}
	for _, u := range m.page {
		m.effectOn(u.name, m.rows[u.from:u.to])
	}
	m.page = m.page[:0]
	return nil
}

// read reads the memberships of the page.
func (m *members) read() error {
	byID := make([]*member, len(m.page))
	for i := range m.page {
		byID[i] = &m.page[i]
	}
	slices.SortFunc(byID, func(a, b *member) int { return bytes.Compare(a.id[:], b.id[:]) })
	m.ids, m.rows = m.ids[:0], m.rows[:0]
	for _, u := range byID {
		m.ids = append(m.ids, u.id)
	}
	at := 0
	for row, err := range m.r.Memberships(store.MembershipFilter{Users: m.ids, NoNames: true}) {
		if err != nil {
			return err
		}
		for byID[at].id != row.User {
			at++
			byID[at].from, byID[at].to = len(m.rows), len(m.rows)
		}
		m.rows = append(m.rows, row.Membership)
		byID[at].to = len(m.rows)
	}
	return nil
}

func (m *members) effectOn(name string, rows []store.Membership) {
	m.setKey(rows)
	like, ok := m.known[string(m.key)]
	if ok && (!like.gain || m.full(m.effect.Gained)) && (!like.lose || m.full(m.effect.Lost)) {
		if like.gain || like.lose {
			m.effect.Users++
			m.effect.More = true
		}
		return
	}
	stays := account{name: name, enabled: true, memberships: rows}
	of := m.difference(stays, stays, m.only)
	m.computation.add(name, of)
	if len(m.known) >= maxKnown {
		clear(m.known)
	}
	like.gain, like.lose = len(of.gained) > 0, len(of.lost) > 0
	m.known[string(m.key)] = like
}

func (m *members) full(list []Right) bool { return len(list) >= m.most }

// setKey sets the key to the groups of the memberships in force, scope by scope.
// Scopes count by their groups and not by their names. The groups of a scope are
// in the order of rows, which is that of their ids.
func (m *members) setKey(rows []store.Membership) {
	m.force = m.force[:0]
	for _, row := range rows {
		if policy.Counts(row.Until, m.now) {
			m.force = append(m.force, row)
		}
	}
	slices.SortStableFunc(m.force, func(a, b store.Membership) int { return strings.Compare(a.Scope, b.Scope) })
	m.key = m.key[:0]
	scope := ""
	for _, row := range m.force {
		if row.Scope != scope {
			scope, m.key = row.Scope, append(m.key, '/')
		}
		m.key = append(append(m.key, ' '), row.Group[:]...)
	}
}
