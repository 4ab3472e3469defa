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
}

// Member is a membership together with the name of its user.
type Member struct {
	Membership
	UserName string
}

// MembershipRecords is the table of memberships.
type MembershipRecords interface {
	Membership(user, group uuid.UUID, scope string) (Membership, error)
	// UserMemberships lists in byte order of Group and Scope.
	UserMemberships(user uuid.UUID) ([]Membership, error)
	// GroupMembers lists in byte order of User (the id) and Scope.
	GroupMembers(group uuid.UUID) iter.Seq2[Member, error]
	PutMembership(Membership) error
	DeleteMembership(user, group uuid.UUID, scope string) error
}
