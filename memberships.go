package rbac

import (
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// MembershipQuery selects memberships. The zero query selects all memberships,
// ended memberships included. A membership has to meet every field that is set.
//
// The order is that of an index, and the cost of a page follows from the
// memberships that the query selects by the fields named here:
//
//   - with User or Users: by the ids of users, then of groups, then by scope
//   - otherwise with Scopes: by scope, then by the ids of groups, then of users
//   - otherwise with Group: by the ids of users, then by scope
//   - with EndingBefore alone: by Until, then by the ids of users
//
// The other fields leave out memberships as they are read: with Group and
// EndingBefore, or with Group and Sources, all memberships of the group are read.
type MembershipQuery struct {
	User         string    // only of this user
	Group        string    // only in this group itself, without groups that inherit it
	Scopes       []string  // only in exactly these scopes, where "" is everywhere; nil: in any scope, empty: in none
	EndingBefore time.Time // only with an Until before this time; zero: with any Until, or none
	Sources      []string  // only of exactly these sources, where "" is an administrator; nil: of any source, empty: of none
	// After begins the listing after a membership: the last of the page before.
	// The membership need not exist any more, but its user and its group have
	// to. A zero After begins with the first membership.
	After Membership
	Limit int // at most this many; 0: no limit
	// Users selects the memberships of these users, whose ids count: the groups
	// of a whole page of [Tx.Users] are found with one query. nil: of any user,
	// empty: of none.
	Users []User
}

// Memberships lists the memberships that a query selects. Use Memberships with
// Users for a page of users with their groups, and [Tx.AssignedGroups] for one
// user.
//
// ErrNotFound if User, Group, or the user or the group of After is unknown.
// ErrInvalid for a scope that no membership can have, an EndingBefore outside
// the years 1970 to 9999, an After in another group than Group, and a negative
// Limit.
func (tx *Tx) Memberships(q MembershipQuery) iter.Seq2[Membership, error] {
	q.Scopes, q.Users, q.Sources = slices.Clone(q.Scopes), slices.Clone(q.Users), slices.Clone(q.Sources)
	return lazily(func() (iter.Seq2[Membership, error], error) {
		f, err := tx.membershipFilter(q)
		return tx.members(f, q), err
	})
}

// members lists memberships of q.Sources, q.Limit at most.
func (tx *Tx) members(f store.MembershipFilter, q MembershipQuery) iter.Seq2[Membership, error] {
	if q.Sources != nil {
		f.Limit = 0 // of the memberships that are read
	}
	return func(yield func(Membership, error) bool) {
		n := 0
		for m, err := range tx.r.Memberships(f) {
			if err != nil {
				yield(Membership{}, err)
				return
			}
			if q.Sources != nil && !slices.Contains(q.Sources, m.Source) {
				continue
			}
			if n++; !yield(publicMembership(m.Membership, m.UserName, m.GroupName), nil) || n == q.Limit {
				return
			}
		}
	}
}

// membershipFilter returns the filter of a query.
func (tx *Tx) membershipFilter(q MembershipQuery) (f store.MembershipFilter, err error) {
	if err := q.check(); err != nil {
		return f, err
	}
	f = store.MembershipFilter{Scopes: q.Scopes, EndingBefore: instant(q.EndingBefore), Limit: q.Limit}
	if q.Users != nil {
		f.Users = make([]uuid.UUID, len(q.Users))
		for i, u := range q.Users {
			f.Users[i] = u.ID
		}
	}
	if q.User != "" {
		u, err := tx.user(q.User)
		if err != nil {
			return f, err
		}
		only := []uuid.UUID{u.ID}
		if f.Users != nil && !slices.Contains(f.Users, u.ID) {
			only = only[:0]
		}
		f.Users = only
	}
	if q.Group != "" {
		g, err := tx.group(q.Group)
		if err != nil {
			return f, err
		}
		f.Group = g.ID
	}
	if q.After != (Membership{}) {
		f.After, err = tx.after(q.After)
	}
	if f.After.User != uuid.Nil && f.Group != uuid.Nil && f.After.Group != f.Group {
		err = invalid("membership query", "", "After", "in another group than Group")
	}
	return f, err
}

// check returns an ErrInvalid for each value that no query has.
func (q MembershipQuery) check() error {
	const record = "membership query"
	errs := []error{
		validTime(record, "", "EndingBefore", q.EndingBefore),
		validTime(record, "", "After", q.After.Until),
		validKey(record, "", "After", q.After.Scope),
	}
	for _, scope := range q.Scopes {
		errs = append(errs, validKey(record, scope, "Scopes", scope))
	}
	for _, source := range q.Sources {
		errs = append(errs, validKey(record, source, "Sources", source))
	}
	if q.Limit < 0 {
		errs = append(errs, invalid(record, "", "Limit", "negative"))
	}
	return errors.Join(errs...)
}

// after returns the key of the last membership of a page.
func (tx *Tx) after(m Membership) (store.Membership, error) {
	u, err := tx.user(m.User)
	if err != nil {
		return store.Membership{}, err
	}
	g, err := tx.group(m.Group)
	return store.Membership{User: u.ID, Group: g.ID, Scope: m.Scope, Until: instant(m.Until)}, err
}
