package store

import (
	"iter"
	"time"

	"github.com/google/uuid"
)

// Membership is the membership of a user in a group: unique by User, Group and
// Scope. User and Group exist.
type Membership struct {
	User, Group uuid.UUID
	Scope       string
	Note        string
	Until       time.Time
	AssignedBy  string
	AssignedAt  time.Time
	Source      string
}

// Member is a membership together with the names of its user and group.
type Member struct {
	Membership
	UserName, GroupName string
}

// MembershipFilter selects the memberships that every field selects. The zero
// filter selects all memberships.
//
// A listing is sorted by the fields below, with ids and scopes in byte order.
// The order depends on the filter, since each filter has an index of its own:
//
//   - with Users: User, Group, Scope
//   - with Scopes and without Users: Scope, Group, User
//   - with Group and neither: User, Scope
//   - with EndingBefore alone: Until, User, Group, Scope
//   - the zero filter: User, Group, Scope
//
// The cost of a page depends on the number of memberships that the index
// selects (by Users, by Scopes and Group, by Group, or by EndingBefore), and
// not on the size of the table.
type MembershipFilter struct {
	Users        []uuid.UUID // only of these users; nil: of any user, empty: of none
	Group        uuid.UUID   // only in this group; zero: in any group
	Scopes       []string    // only in exactly these scopes; nil: in any scope, empty: in none
	EndingBefore time.Time   // only with an Until before this time; zero: with any Until, or none
	// After begins the listing after a membership, which need not exist: after
	// its User, Group, Scope and, with EndingBefore alone, Until. With Group, the
	// Group of After is the same. Zero User: from the first.
	After   Membership
	Limit   int  // at most this many; 0: no limit
	NoNames bool // leaves UserName and GroupName empty, which saves their lookup
}

// MembershipRecords is the table of memberships.
type MembershipRecords interface {
	Membership(user, group uuid.UUID, scope string) (Membership, error)
	// UserMemberships lists in byte order of Group and Scope.
	UserMemberships(user uuid.UUID) ([]Membership, error)
	Memberships(MembershipFilter) iter.Seq2[Member, error]
	// Scopes lists the scopes of memberships, each once and in byte order,
	// without the scope "". The cost depends on the number of scopes, not of
	// memberships.
	Scopes() iter.Seq2[string, error]
	PutMembership(Membership) error
	DeleteMembership(user, group uuid.UUID, scope string) error
}
