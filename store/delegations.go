package store

import "github.com/google/uuid"

// Delegation lets the members of a group assign other groups: unique by Group.
// Group and each of Assign exist.
type Delegation struct {
	Group  uuid.UUID
	Assign []uuid.UUID // in byte order, without repetition
	Users  bool        // also administer the users who are in groups of Assign only
	Note   string
}

// DelegationRecords is the table of delegations. The table is small enough to
// be read whole.
type DelegationRecords interface {
	// Delegations lists in byte order of Group.
	Delegations() ([]Delegation, error)
	// PutDelegation adds or replaces.
	PutDelegation(Delegation) error
	DeleteDelegation(group uuid.UUID) error
}
