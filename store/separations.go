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

// SeparationFilter selects the separation of duty sets of one kind.
type SeparationFilter struct {
	Dynamic bool
	// Groups, unless nil, selects the sets that have at least one of these
	// groups among their Groups, each set once.
	Groups []uuid.UUID
}

// SeparationRecords is the table of separation of duty sets.
type SeparationRecords interface {
	// Separations lists in byte order of Name.
	Separations(SeparationFilter) ([]Separation, error)
	Separation(dynamic bool, name string) (Separation, error)
	PutSeparation(Separation) error
	DeleteSeparation(dynamic bool, name string) error
}
