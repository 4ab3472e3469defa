package memorystore

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/persistent"
	"github.com/rbac-go/rbac/store"
)

// state is all tables and their indexes. Copying a state is cheap and gives an
// independent state, since two trees share only nodes that neither tree
// changes. Rows are never changed either, only replaced.
//
// Indexes lead to ids. The key of an index over several values contains all of
// the values, in the stated order.
type state struct {
	stamp uint64 // marks the nodes that belong to this state alone
	head  store.Head

	users        persistent.Tree[*store.UserRecord] // by id
	userNames    persistent.Tree[uuid.UUID]
	userEmails   persistent.Tree[uuid.UUID] // by EmailKey, unless empty
	userSubjects persistent.Tree[uuid.UUID] // unless empty

	sections        persistent.Tree[*store.Section]    // by name
	permissions     persistent.Tree[*store.Permission] // by id
	permissionNames persistent.Tree[uuid.UUID]
	groups          persistent.Tree[*store.Group] // by id
	groupNames      persistent.Tree[uuid.UUID]
	grants          persistent.Tree[*store.Grant]       // by group, permission
	permissionUse   persistent.Tree[*store.Grant]       // by permission, group
	juniors         persistent.Tree[store.Inheritance]  // by senior, junior
	seniors         persistent.Tree[store.Inheritance]  // by junior, senior
	declarations    persistent.Tree[*store.Declaration] // by kind, key

	separations      persistent.Tree[*store.Separation] // by kind, name
	groupSeparations persistent.Tree[*store.Separation] // by group, kind, name

	delegations     persistent.Tree[*store.Delegation] // by group
	delegatedGroups persistent.Tree[*store.Delegation] // by assigned group, group

	memberships   persistent.Tree[*store.Membership] // by user, group, scope
	members       persistent.Tree[*store.Membership] // by group, user, scope
	scopeMembers  persistent.Tree[*store.Membership] // by scope, group, user
	endingMembers persistent.Tree[*store.Membership] // by until, user, group, scope; without those without end

	tickets       persistent.Tree[*store.Ticket] // by id
	ticketHashes  persistent.Tree[uuid.UUID]
	userTickets   persistent.Tree[uuid.UUID]          // by user, created, id
	newestTickets persistent.Tree[uuid.UUID]          // by created, id, the greatest first
	groupTickets  persistent.Tree[uuid.UUID]          // by group, id
	seenTickets   persistent.Tree[uuid.UUID]          // by last seen, id
	idleTickets   persistent.Tree[uuid.UUID]          // by last seen plus idle, id; no API keys
	expiryTickets persistent.Tree[uuid.UUID]          // by expires, id
	ticketValues  persistent.Tree[*store.TicketValue] // by ticket, key

	links      persistent.Tree[*store.Link] // by user, purpose
	linkHashes persistent.Tree[*store.Link] // by hash
	linkExpiry persistent.Tree[*store.Link] // by expires, user, purpose

	logins     persistent.Tree[*store.Login] // by id
	userLogins persistent.Tree[*store.Login] // by user, then first and id, the greatest first
	newLogins  persistent.Tree[*store.Login] // by first and id, the greatest first

	throttles     persistent.Tree[*store.Throttle] // by key
	userThrottles persistent.Tree[*store.Throttle] // by user, key; without records of no user
	throttleLast  persistent.Tree[*store.Throttle] // by last, key; only records of no user
	throttleUntil persistent.Tree[*store.Throttle] // by until, key

	changes changeLog // by revision, seq
}

// Head implements store.Records, and so do all exported methods below and in
// the sibling files. Head locks nothing, since one Update runs at a time.
func (t *tx) Head(store.Lock) (store.Head, error) {
	return read(t, func(s *state) (store.Head, error) { return s.head, nil })
}

func (t *tx) SetHead(h store.Head) error {
	return t.change("set head", func(s *state) error {
		s.head = h
		return nil
	})
}

// claim enters a unique value. If the value is taken, the transaction is
// spoiled.
func (s *state) claim(index *persistent.Tree[uuid.UUID], key string, id uuid.UUID) error {
	if !index.Set(s.stamp, key, id) {
		return errTaken
	}
	return nil
}

// byIndex follows an index to the row.
func byIndex[R any](index *persistent.Tree[uuid.UUID], rows *persistent.Tree[*R], key string) (*R, bool) {
	id, ok := index.Get(key)
	if !ok {
		return nil, false
	}
	return rows.Get(idKey(id))
}

// Keys sort, as bytes, in the order of their values.

func idKey(id uuid.UUID) string { return string(id[:]) }

// anyID is idKey for a field of a filter. The key of a zero id is empty, and
// begins every key.
func anyID(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return idKey(id)
}

// textKey terminates a text in the middle of a key: no text runs into the rest
// of the key.
func textKey(s string) string { return strings.ReplaceAll(s, "\x00", "\x00\xff") + "\x00\x01" }

func timeKey(t time.Time) string {
	var b [12]byte
	// The sign bit is flipped, since times before 1970 are negative.
	binary.BigEndian.PutUint64(b[:], uint64(t.Unix())^1<<63)
	binary.BigEndian.PutUint32(b[8:], uint32(t.Nanosecond()))
	return string(b[:])
}
