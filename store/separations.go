package store

import "github.com/google/uuid"

// Separation is a separation of duty set: unique by Dynamic and Name. Each of
// Groups exists.
type Separation struct {
	// Dynamic sets limit the active groups of a ticket. Static sets limit the
	// authorized groups of a user.
	Dynamic     bool
	Name        string
	Cardinality int
	Groups      []uuid.UUID // in byte order, without repetition
}

// SeparationRecords is the table of separation of duty sets. Listings are in
// byte order of Name.
type SeparationRecords interface {
	Separations(dynamic bool) ([]Separation, error)
	Separation(dynamic bool, name string) (Separation, error)
	// GroupSeparations lists the sets that have at least one of groups among
	// their Groups, each set once.
	GroupSeparations(dynamic bool, groups []uuid.UUID) ([]Separation, error)
	AddSeparation(Separation) error
	// SetSeparation replaces Cardinality and Groups.
	SetSeparation(Separation) error
	DeleteSeparation(dynamic bool, name string) error
}
