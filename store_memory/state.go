package memorystore

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/persistent"
)

// state is all tables and their indexes. Copying one is cheap and gives an
// independent state, since trees share only what neither changes. Rows are
// never changed either, only replaced.
//
// Indexes lead to ids; those by several values have them all in their keys, in this order.
type state struct {
	stamp uint64 // marks the nodes that belong to this state alone
	head  rbac.Head

	users        persistent.Tree[*rbac.UserRecord] // by id
	userNames    persistent.Tree[uuid.UUID]
	userEmails   persistent.Tree[uuid.UUID] // by EmailKey; empty ones are not here
	userSubjects persistent.Tree[uuid.UUID] // empty ones are not here

	sections        persistent.Tree[*rbac.Section]    // by name
	permissions     persistent.Tree[*rbac.Permission] // by id
	permissionNames persistent.Tree[uuid.UUID]
	groups          persistent.Tree[*rbac.Group] // by id
	groupNames      persistent.Tree[uuid.UUID]
	grants          persistent.Tree[*rbac.GrantRecord]      // by group, permission
	permissionUse   persistent.Tree[*rbac.GrantRecord]      // by permission, group
	juniors         persistent.Tree[rbac.InheritanceRecord] // by senior, junior
	seniors         persistent.Tree[rbac.InheritanceRecord] // by junior, senior
	declarations    persistent.Tree[*rbac.Declaration]      // by kind, key

	separations      persistent.Tree[*rbac.SeparationRecord] // by kind, name
	groupSeparations persistent.Tree[*rbac.SeparationRecord] // by group, kind, name

	memberships persistent.Tree[*rbac.MembershipRecord] // by user, group, scope
	members     persistent.Tree[*rbac.MembershipRecord] // by group, user, scope

	tickets       persistent.Tree[*rbac.TicketRecord] // by id
	ticketHashes  persistent.Tree[uuid.UUID]
	userTickets   persistent.Tree[uuid.UUID]               // by user, created, id
	groupTickets  persistent.Tree[uuid.UUID]               // by group, id
	seenTickets   persistent.Tree[uuid.UUID]               // by last seen, id
	idleTickets   persistent.Tree[uuid.UUID]               // by last seen plus idle, id: no API keys
	expiryTickets persistent.Tree[uuid.UUID]               // by expires, id
	ticketValues  persistent.Tree[*rbac.TicketValueRecord] // by ticket, key

	throttles     persistent.Tree[*rbac.ThrottleRecord] // by key
	userThrottles persistent.Tree[*rbac.ThrottleRecord] // by user, key; those of nobody are not here
	throttleLast  persistent.Tree[*rbac.ThrottleRecord] // by last, key: those of nobody
	throttleUntil persistent.Tree[*rbac.ThrottleRecord] // by until, key

	changes changeLog // by revision, seq
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

// claim enters a unique value, in a transaction that is spoiled where it is taken.
func (s *state) claim(index *persistent.Tree[uuid.UUID], key string, id uuid.UUID) error {
	if !index.Set(s.stamp, key, id) {
		return errTaken
	}
	return nil
}

// byIndex follows an index to its row.
func byIndex[R any](index *persistent.Tree[uuid.UUID], rows *persistent.Tree[*R], key string) (*R, bool) {
	id, ok := index.Get(key)
	if !ok {
		return nil, false
	}
	return rows.Get(idKey(id))
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
