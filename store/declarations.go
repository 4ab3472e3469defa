package store

import "github.com/google/uuid"

// Declaration records that a program declared a record, so that the program
// does not declare the record again after an administrator deleted it: unique
// by Kind and Key. Under the kind "file", the Text lists the records that a
// policy file has added.
type Declaration struct {
	Kind string // "section", "permission", "group", "grant", "inheritance", "delegation" or "file"
	Key  string // the declared name or names

	// ID is the id of the declared record, which may have been renamed since;
	// zero for records whose name cannot change.
	ID uuid.UUID

	// Text holds the texts that were declared last. Text distinguishes a change
	// by the program from a change by an administrator.
	Text string
}

// DeclarationRecords is the table of declarations. The table is small enough to
// be read whole.
type DeclarationRecords interface {
	// Declarations lists in byte order of Kind and Key.
	Declarations() ([]Declaration, error)
	PutDeclaration(Declaration) error
}
