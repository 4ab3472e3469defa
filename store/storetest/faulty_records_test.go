package storetest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// compacting treats JSON as its value, and reverses too late.
type compacting struct{ store.Records }

func (r compacting) Changes(q store.ChangeFilter) iter.Seq2[store.Change, error] {
	newest := q.Newest
	q.Newest = false
	list, err := store.Collect(r.Records.Changes(q))
	if newest {
		slices.Reverse(list)
	}
	return func(yield func(store.Change, error) bool) {
		for _, c := range list {
			var b bytes.Buffer
			_ = json.Compact(&b, c.Before)
			if c.Before = append([]byte{}, b.Bytes()...); !yield(c, nil) {
				return
			}
		}
		if err != nil {
			yield(store.Change{}, err)
		}
	}
}

// reviving touches by writing the whole ticket.
type reviving struct {
	store.Records
	tickets map[uuid.UUID]store.Ticket
}

func (r reviving) AddTicket(t store.Ticket) error {
	r.tickets[t.ID] = t
	return r.Records.AddTicket(t)
}

func (r reviving) TouchTicket(id uuid.UUID, seen time.Time) error {
	t := r.tickets[id]
	t.LastSeen = seen
	_ = r.DeleteTicket(id)
	return r.Records.AddTicket(t)
}

type unnarrowed struct{ store.Records }

func (r unnarrowed) Ticket(k store.TicketKey) (store.Ticket, error) {
	t, err := r.Records.Ticket(k)
	t.Narrowed = len(t.Groups) > 0
	return t, err
}

// lasting has wrong boundaries and no limit.
type lasting struct{ store.Records }

func (r lasting) DeleteDeadTickets(at time.Time, _ int) (int, error) {
	return r.Records.DeleteDeadTickets(at.Add(-tick), 100)
}

func (r lasting) DeleteIdleThrottles(now time.Time, keep, _ int) (int, error) {
	return r.Records.DeleteIdleThrottles(now.Add(tick), keep, 100)
}

func (r lasting) DeleteLogins(before time.Time, _ int) (int, error) {
	return r.Records.DeleteLogins(before, 100)
}

func (r lasting) CountLogin(l store.Login, keep int) error {
	return r.Records.CountLogin(l, keep+1)
}

// careless changes values as some databases do.
type careless struct{ store.Records }

func (r careless) AddUser(u store.UserRecord) error {
	u.Note = strings.TrimSpace(u.Note)
	return r.Records.AddUser(u)
}

func (r careless) SetUser(u store.UserRecord) error {
	return errors.Join(r.Records.SetUser(u), r.Records.SetLastLogin(u.ID, u.LastLogin))
}

func (r careless) SetLastLogin(id uuid.UUID, at time.Time) error {
	if at.Unix() == 0 {
		at = time.Time{}
	}
	return r.Records.SetLastLogin(id, at)
}

func (r careless) User(k store.UserKey) (store.UserRecord, error) {
	k.Name = strings.ToLower(k.Name)
	return r.Records.User(k)
}

func (r careless) Users(f store.UserFilter) iter.Seq2[store.UserRecord, error] {
	f.At = f.At.Add(-tick)
	list, err := store.Collect(r.Records.Users(f))
	slices.SortFunc(list, func(a, b store.UserRecord) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return func(yield func(store.UserRecord, error) bool) {
		for _, u := range list {
			if !yield(u, nil) {
				return
			}
		}
		if err != nil {
			yield(store.UserRecord{}, err)
		}
	}
}

func (r careless) SetHead(h store.Head) error {
	h.Nonce &= 1<<63 - 1
	return r.Records.SetHead(h)
}

func (r careless) Grants(f store.GrantFilter) ([]store.Grant, error) {
	f.Permission = strings.ToLower(f.Permission)
	return r.Records.Grants(f)
}

// confused mistakes static sets for dynamic sets in a replacement, and lists
// sets by group.
type confused struct{ store.Records }

func (r confused) PutSeparation(s store.Separation) error {
	other := s
	other.Dynamic = !s.Dynamic
	if err := r.Records.PutSeparation(other); err != nil && err != store.ErrNotFound {
		return err
	}
	return r.Records.PutSeparation(s)
}

func (r confused) Separations(f store.SeparationFilter) (list []store.Separation, err error) {
	if f.Groups == nil {
		return r.Records.Separations(f)
	}
	for _, g := range f.Groups {
		of, err := r.Records.Separations(store.SeparationFilter{Dynamic: f.Dynamic, Groups: []uuid.UUID{g}})
		if err != nil {
			return nil, err
		}
		list = append(list, of...)
	}
	return list, nil
}

func (r compacting) DeleteChanges(before time.Time, limit int) (int, error) {
	if err := r.Records.AddChange(store.Change{Revision: math.MaxInt64}); err != nil {
		return 0, err
	}
	return r.Records.DeleteChanges(before, limit)
}

func (r careless) Memberships(f store.MembershipFilter) iter.Seq2[store.Member, error] {
	if !f.EndingBefore.IsZero() {
		f.EndingBefore = f.EndingBefore.Add(tick)
	}
	return r.Records.Memberships(f)
}

func (r careless) Scopes() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if yield("", nil) {
			r.Records.Scopes()(yield)
		}
	}
}
