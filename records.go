package rbac

import (
	"time"

	"github.com/google/uuid"
)

// User is an account. Memberships and tickets hang on its ID, so its Name can change.
//
// Created and LastLogin are ignored on input.
type User struct {
	ID          uuid.UUID `json:"id"`                // chosen by AddUser when zero
	Name        string    `json:"name"`              // unique, in canonical form; see AddUser
	Email       string    `json:"email,omitempty"`   // unique after case folding, or empty; kept as given
	Subject     string    `json:"subject,omitempty"` // the host's own id for the user, such as an OIDC subject: opaque, exact, unique, or empty
	DisplayName string    `json:"display_name,omitempty"`
	Note        string    `json:"note,omitempty"`
	Disabled    bool      `json:"disabled,omitempty"` // cannot log in and has no ticket
	Created     time.Time `json:"created,omitzero"`
	LastLogin   time.Time `json:"last_login,omitzero"` // zero: never
}

// Group is a named bag of permissions that users are assigned to: the role of
// INCITS 359. Created is ignored on input.
type Group struct {
	ID          uuid.UUID `json:"id"`   // chosen by AddGroup when zero
	Name        string    `json:"name"` // unique; can be changed
	DisplayName string    `json:"display_name,omitempty"`
	Note        string    `json:"note,omitempty"`
	Created     time.Time `json:"created,omitzero"`
}

// Permission is a named right. Its Name is the key everything refers to and never
// changes. Created is ignored on input.
type Permission struct {
	ID          uuid.UUID `json:"id"`              // chosen by AddPermission when zero
	Name        string    `json:"name"`            // unique
	Title       string    `json:"title,omitempty"` // for menus and forms
	Description string    `json:"description,omitempty"`
	Section     string    `json:"section,omitempty"`  // the name of the Section it is listed under, or empty
	Position    int       `json:"position,omitempty"` // its place within the section; equal ones are ordered by name
	Created     time.Time `json:"created,omitzero"`

	// Object and Operation are what INCITS 359 makes a permission of: the right to
	// perform the operation on the object. Each, where it is empty, is a part of the Name: the Object
	// what stands before the last dot, the Operation what stands after it. A name
	// without a dot has an Operation and no Object.
	Object    string `json:"object,omitempty"`
	Operation string `json:"operation,omitempty"`
}

// Section is the heading under which permissions are listed.
type Section struct {
	Name     string `json:"name"` // the key; never changes
	Title    string `json:"title,omitempty"`
	Position int    `json:"position,omitempty"` // its place among the sections; equal ones are ordered by name
}

// Membership says that a user is in a group. Its key is User, Group and Scope.
//
// AssignedBy and AssignedAt are ignored on input.
type Membership struct {
	User       string    `json:"user"`
	Group      string    `json:"group"`
	Scope      string    `json:"scope,omitempty"` // where it holds; empty: everywhere
	Note       string    `json:"note,omitempty"`
	Until      time.Time `json:"until,omitzero"` // from this instant on it does not count; zero: without end
	AssignedBy string    `json:"assigned_by,omitempty"`
	AssignedAt time.Time `json:"assigned_at,omitzero"`
}

// Grant says that a group has a permission. Its key is Group and Permission.
//
// GrantedBy and GrantedAt are ignored on input.
type Grant struct {
	Group      string    `json:"group"`
	Permission string    `json:"permission"` // the name of a permission, or a pattern of them; see GrantPermission
	Note       string    `json:"note,omitempty"`
	GrantedBy  string    `json:"granted_by,omitempty"`
	GrantedAt  time.Time `json:"granted_at,omitzero"`
}

// Inheritance says that the group Senior has all permissions of the group
// Junior, and that Senior's users count as Junior's.
type Inheritance struct {
	Senior string `json:"senior"`
	Junior string `json:"junior"`
}

// Catalogue is what a program declares at its start; see [Authority.Declare].
type Catalogue struct {
	Sections     []Section
	Permissions  []Permission
	Groups       []Group
	Grants       []Grant
	Inheritances []Inheritance
}

// UserQuery selects users. The zero query selects all of them. Users are listed in byte order of their names.
type UserQuery struct {
	Search string // only where Name, DisplayName or Email contains this text; the letters A to Z match in either case
	Group  string // only users authorized for this group
	After  string // only names greater than this one: the last name of the page before
	Limit  int    // at most this many; 0: no limit
}
