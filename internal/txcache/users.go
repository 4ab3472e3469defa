package txcache

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// users are the users whom the Update has locked or added. Their number, the
// length of their texts and their memberships are bounded. Texts are the
// store's own or copies: the caller may reuse the bytes that it passed.
type users struct {
	locks  int // calls of LockUser that the store has answered
	byID   map[uuid.UUID]*user
	byName map[string]uuid.UUID // of users whose record is known
}

type user struct {
	record      store.UserRecord
	known       bool // record is the store's
	noTickets   bool
	added       bool         // by this Update
	linked      bool         // an added user: by this Update
	memberships []membership // of an added user: all that were ever put
}

type membership struct {
	group uuid.UUID
	scope string
}

const (
	maxUsers       = 4096 // then all are dropped
	maxText        = 1024 // bytes of DisplayName and Note; a user with more is not cached
	maxMemberships = 32   // of an added user; then the store is asked
)

// user returns a cached user, or nil.
func (r *records) user(id uuid.UUID) *user {
	if !r.active() {
		return nil
	}
	return r.users.byID[id]
}

// cacheUser caches a locked or added user, and returns nil for a user who is
// not cached.
func (r *records) cacheUser(rec store.UserRecord) *user {
	if !r.active() || len(rec.DisplayName)+len(rec.Note) >= maxText {
		return nil
	}
	if r.users.byID == nil || len(r.users.byID) >= maxUsers {
		r.users.byID, r.users.byName = map[uuid.UUID]*user{}, map[string]uuid.UUID{}
	}
	u := r.users.byID[rec.ID]
	if u == nil {
		u = &user{}
		r.users.byID[rec.ID] = u
	}
	u.record, u.known = rec, true
	r.users.byName[rec.Name] = rec.ID
	return u
}

// dropRecord drops the record of a user who is about to be written. The user
// still counts as locked, or as added.
func (r *records) dropRecord(id uuid.UUID) {
	if u := r.user(id); u != nil && u.known {
		delete(r.users.byName, u.record.Name)
		u.record, u.known = store.UserRecord{}, false
	}
}

// User answers from the cache for a name of a user whose record is known.
func (r *records) User(k store.UserKey) (store.UserRecord, error) {
	if id, ok := r.users.byName[k.Name]; ok && r.active() {
		return r.users.byID[id].record, nil
	}
	return r.Records.User(k)
}

// LockUser answers from the cache for a user whose record is known: the Update
// has locked or added that user already. The first user whom an Update locks is
// not cached.
func (r *records) LockUser(id uuid.UUID) (store.UserRecord, error) {
	if u := r.user(id); u != nil && u.known {
		return u.record, nil
	}
	rec, err := r.Records.LockUser(id)
	if r.users.locks++; err == nil && r.users.locks > 1 { // most Updates lock one user
		r.cacheUser(rec)
	}
	return rec, err
}

// AddUser also caches the user, who has no tickets and no memberships yet.
func (r *records) AddUser(rec store.UserRecord) error {
	if err := r.Records.AddUser(rec); err != nil {
		return err
	}
	if u := r.cacheUser(rec.Clone()); u != nil {
		u.added, u.noTickets = true, true
	}
	return nil
}

// SetUser drops the cached record of the user.
func (r *records) SetUser(rec store.UserRecord) error {
	r.dropRecord(rec.ID)
	return r.Records.SetUser(rec)
}

// SetPasswordHash drops the cached record of the user.
func (r *records) SetPasswordHash(id uuid.UUID, hash string) error {
	r.dropRecord(id)
	return r.Records.SetPasswordHash(id, hash)
}

// SetLastLogin drops the cached record of the user.
func (r *records) SetLastLogin(id uuid.UUID, at time.Time) error {
	r.dropRecord(id)
	return r.Records.SetLastLogin(id, at)
}

// SetPacedUntil drops the cached record of the user.
func (r *records) SetPacedUntil(id uuid.UUID, at time.Time) error {
	r.dropRecord(id)
	return r.Records.SetPacedUntil(id, at)
}

// DeleteUser drops the cached record of the user.
func (r *records) DeleteUser(id uuid.UUID) error {
	r.dropRecord(id)
	return r.Records.DeleteUser(id)
}

// UserTickets is empty for a cached user who was seen without tickets.
func (r *records) UserTickets(id uuid.UUID) ([]store.Ticket, error) {
	u := r.user(id)
	if u != nil && u.noTickets {
		return nil, nil
	}
	tickets, err := r.Records.UserTickets(id)
	if u != nil && err == nil {
		u.noTickets = len(tickets) == 0
	}
	return tickets, err
}

// AddTicket notes that a cached user may have tickets.
func (r *records) AddTicket(t store.Ticket) error {
	if u := r.user(t.User); u != nil {
		u.noTickets = false
	}
	return r.Records.AddTicket(t)
}

// UserThrottles is empty for an added user: nobody else can have tried to log
// in as that user yet.
func (r *records) UserThrottles(id uuid.UUID) ([]store.Throttle, error) {
	if u := r.user(id); u != nil && u.added {
		return nil, nil
	}
	return r.Records.UserThrottles(id)
}

// UserLinks is empty for an added user who was given no link.
func (r *records) UserLinks(id uuid.UUID) ([]store.Link, error) {
	if u := r.user(id); u != nil && u.added && !u.linked {
		return nil, nil
	}
	return r.Records.UserLinks(id)
}

// PutLink notes that an added user has a link.
func (r *records) PutLink(l store.Link) error {
	if u := r.user(l.User); u != nil {
		u.linked = true
	}
	return r.Records.PutLink(l)
}

// Membership is ErrNotFound, without a question to the store, for a membership
// that an added user was never given.
func (r *records) Membership(id, group uuid.UUID, scope string) (store.Membership, error) {
	key := membership{group, scope}
	if u := r.user(id); u != nil && u.added && !slices.Contains(u.memberships, key) {
		return store.Membership{}, store.ErrNotFound
	}
	return r.Records.Membership(id, group, scope)
}

// PutMembership notes the memberships of an added user. Beyond maxMemberships
// the store is asked about all of them.
func (r *records) PutMembership(m store.Membership) error {
	key := membership{m.Group, m.Scope}
	if u := r.user(m.User); u != nil && u.added && !slices.Contains(u.memberships, key) {
		key.scope = strings.Clone(m.Scope)
		u.memberships = append(u.memberships, key)
		if len(u.memberships) > maxMemberships {
			u.added, u.memberships = false, nil
		}
	}
	return r.Records.PutMembership(m)
}
