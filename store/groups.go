package store

import (
	"time"

	"github.com/google/uuid"
)

// Group is a named set of permissions, with the fields of rbac.Group: unique by
// ID and by Name.
//
// The JSON names of Group, [Permission] and [Section] are those in Before and
// After of the change log, which package rbac writes.
type Group struct {
	ID          uuid.UUID `json:"id"`
	Name        string    `json:"name"`
	DisplayName string    `json:"display_name"`
	Note        string    `json:"note"`
	Created     time.Time `json:"created"`
}

// GroupKey is a key of a group. Exactly one field is not zero.
type GroupKey struct {
	ID   uuid.UUID
	Name string
}

// GroupRecords is the table of groups. The table is small enough to be read
// whole.
type GroupRecords interface {
	// Groups lists in byte order of Name.
	Groups() ([]Group, error)
	// Group returns the group with a key.
	Group(GroupKey) (Group, error)
	// PutGroup adds or replaces by ID.
	PutGroup(Group) error
	// DeleteGroup requires that no grant, inheritance, membership, separation
	// of duty set, delegation or ticket refers to the group.
	DeleteGroup(id uuid.UUID) error
}

// Grant is a permission of a group: unique by Group and Permission. Group
// exists.
type Grant struct {
	Group uuid.UUID
	// Permission is the name of a permission, or a pattern. Permission is
	// compared exactly, and is no reference.
	Permission string
	Note       string
	GrantedBy  string
	GrantedAt  time.Time
}

// GrantFilter selects grants by the fields that are not zero. The zero filter
// selects all grants.
type GrantFilter struct {
	Group      uuid.UUID
	Permission string // exactly
}

// GrantRecords is the table of grants. The table is small enough to be read
// whole.
type GrantRecords interface {
	// Grants lists in byte order of Group and Permission.
	Grants(GrantFilter) ([]Grant, error)
	Grant(group uuid.UUID, permission string) (Grant, error)
	PutGrant(Grant) error
	DeleteGrant(group uuid.UUID, permission string) error
}

// Inheritance is an immediate inheritance: unique by both ids. Both groups
// exist.
type Inheritance struct{ Senior, Junior uuid.UUID }

// InheritanceFilter selects inheritances by the fields that are not zero. The
// zero filter selects all inheritances.
type InheritanceFilter struct{ Senior, Junior uuid.UUID }

// InheritanceRecords is the table of inheritances. The table is small enough to
// be read whole.
type InheritanceRecords interface {
	// Inheritances lists in byte order of Senior and Junior.
	Inheritances(InheritanceFilter) ([]Inheritance, error)
	AddInheritance(Inheritance) error
	DeleteInheritance(Inheritance) error
}
