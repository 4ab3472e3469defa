package rbac

import (
	"time"

	"github.com/google/uuid"
)

// User is an account. Memberships and tickets hang on its ID, so its Name can change.
//
// Created and LastLogin are ignored on input.
type User struct {
	ID          uuid.UUID // chosen by AddUser when zero
	Name        string    // unique, in canonical form; see AddUser
	Email       string    // unique after case folding, or empty; kept as given
	Subject     string    // the host's own id for the user, such as an OIDC subject: opaque, exact, unique, or empty
	DisplayName string
	Note        string
	Disabled    bool // cannot log in and has no ticket
	Created     time.Time
	LastLogin   time.Time // zero: never
}

// Group is a named bag of permissions that users are assigned to: the role of
// INCITS 359. Created is ignored on input.
type Group struct {
	ID          uuid.UUID // chosen by AddGroup when zero
	Name        string    // unique; can be changed
	DisplayName string
	Note        string
	Created     time.Time
}

// Permission is a named right. Its Name is the key everything refers to and never
// changes. Created is ignored on input.
type Permission struct {
	ID          uuid.UUID // chosen by AddPermission when zero
	Name        string    // unique
	Title       string    // for menus and forms
	Description string
	Section     string // the name of the Section it is listed under, or empty
	Position    int    // its place within the section; equal ones are ordered by name
	Created     time.Time
}

// Section is the heading under which permissions are listed.
type Section struct {
	Name     string // the key; never changes
	Title    string
	Position int // its place among the sections; equal ones are ordered by name
}

// Membership says that a user is in a group. Its key is User, Group and Scope.
//
// AssignedBy and AssignedAt are ignored on input.
type Membership struct {
	User, Group string
	Scope       string // where it holds; empty: everywhere
	Note        string
	Until       time.Time // from this instant on it does not count; zero: without end
	AssignedBy  string
	AssignedAt  time.Time
}

// Grant says that a group has a permission. Its key is Group and Permission.
//
// GrantedBy and GrantedAt are ignored on input.
type Grant struct {
	Group      string
	Permission string // the name of a permission
	Note       string
	GrantedBy  string
	GrantedAt  time.Time
}

// Inheritance says that the group Senior has all permissions of the group
// Junior, and that Senior's users count as Junior's.
type Inheritance struct{ Senior, Junior string }

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
