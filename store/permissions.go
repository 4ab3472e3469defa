package store

import (
	"time"

	"github.com/google/uuid"
)

// Section is a heading under which permissions are listed, with the fields of
// rbac.Section: unique by Name.
type Section struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Position int    `json:"position"`
}

// SectionRecords is the table of sections. The table is small enough to be read
// whole.
type SectionRecords interface {
	// Sections lists in byte order of Name.
	Sections() ([]Section, error)
	Section(name string) (Section, error)
	PutSection(Section) error
	DeleteSection(name string) error
}

// Permission is a named right, with the fields of rbac.Permission: unique by ID
// and by Name. Section is no reference.
type Permission struct {
	ID          uuid.UUID `json:"id"`
	Name        string    `json:"name"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Section     string    `json:"section"`
	Position    int       `json:"position"`
	Created     time.Time `json:"created"`
	Object      string    `json:"object"`
	Operation   string    `json:"operation"`
}

// PermissionRecords is the table of permissions. The table is small enough to
// be read whole.
type PermissionRecords interface {
	// Permissions lists in byte order of Name.
	Permissions() ([]Permission, error)
	Permission(name string) (Permission, error)
	// PutPermission adds or replaces by ID.
	PutPermission(Permission) error
	DeletePermission(id uuid.UUID) error
}
