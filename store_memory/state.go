package memorystore

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// state is all tables and their indexes. Copying one is cheap and gives an
// independent state, since trees share only what neither changes. Rows are
// never changed either, only replaced.
//
// Indexes lead to ids; those by several values have them all in their keys, in this order.
type state struct {
	stamp uint64 // marks the nodes that belong to this state alone
	head  rbac.Head

	users        tree[*rbac.UserRecord] // by id
	userNames    tree[uuid.UUID]
	userEmails   tree[uuid.UUID] // by EmailKey; empty ones are not here
	userSubjects tree[uuid.UUID] // empty ones are not here

	sections        tree[*rbac.Section]    // by name
	permissions     tree[*rbac.Permission] // by id
	permissionNames tree[uuid.UUID]
	groups          tree[*rbac.Group] // by id
	groupNames      tree[uuid.UUID]
	grants          tree[*rbac.GrantRecord]      // by group, permission
	permissionUse   tree[*rbac.GrantRecord]      // by permission, group
	juniors         tree[rbac.InheritanceRecord] // by senior, junior
	seniors         tree[rbac.InheritanceRecord] // by junior, senior
	declarations    tree[*rbac.Declaration]      // by kind, key

	separations      tree[*rbac.SeparationRecord] // by kind, name
	groupSeparations tree[*rbac.SeparationRecord] // by group, kind, name

	memberships tree[*rbac.MembershipRecord] // by user, group, scope
	members     tree[*rbac.MembershipRecord] // by group, user, scope

	tickets       tree[*rbac.TicketRecord] // by id
	ticketHashes  tree[uuid.UUID]
	userTickets   tree[uuid.UUID]               // by user, created, id
	groupTickets  tree[uuid.UUID]               // by group, id
	seenTickets   tree[uuid.UUID]               // by last seen, id: sessions
	seenKeys      tree[uuid.UUID]               // by last seen, id: API keys
	expiryTickets tree[uuid.UUID]               // by expires, id
	ticketValues  tree[*rbac.TicketValueRecord] // by ticket, key

	throttles    tree[*rbac.ThrottleRecord] // by key
	throttleLast tree[[32]byte]             // by last, key

	changes tree[*rbac.Change] // by revision, seq
}

// Head implements rbac.Records; so do all exported methods below and in the files beside.
func (t *tx) Head() (rbac.Head, error) {
	return read(t, func(s *state) (rbac.Head, error) { return s.head, nil })
}

// LockHead is Head: an Update is alone.
func (t *tx) LockHead() (rbac.Head, error) { return t.Head() }

// ShareHead is Head, likewise.
func (t *tx) ShareHead() (rbac.Head, error) { return t.Head() }

func (t *tx) SetHead(h rbac.Head) error {
	return t.change("set head", func(s *state) error {
		s.head = h
		return nil
	})
}

// claim enters a unique value.
func (s *state) claim(index *tree[uuid.UUID], key string, id uuid.UUID) error {
	if index.has(key) {
		return errTaken
	}
	index.set(s.stamp, key, id)
	return nil
}

// byIndex follows an index to its row.
func byIndex[R any](index *tree[uuid.UUID], rows *tree[*R], key string) (*R, bool) {
	id, ok := index.get(key)
	if !ok {
		return nil, false
	}
	return rows.get(idKey(id))
}

// Keys sort as bytes the way their values do.

func idKey(id uuid.UUID) string { return string(id[:]) }

// textKey ends a text in the middle of a key, so that no text runs into what follows it.
func textKey(s string) string { return strings.ReplaceAll(s, "\x00", "\x00\xff") + "\x00\x01" }

func timeKey(t time.Time) string {
	var b [12]byte
	binary.BigEndian.PutUint64(b[:], uint64(t.Unix())^1<<63) // times before 1970 are negative
	binary.BigEndian.PutUint32(b[8:], uint32(t.Nanosecond()))
	return string(b[:])
}

func numberKey(n uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return string(b[:])
}
