package rbac

import (
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// User is an account. Memberships and tickets refer to the ID, so the Name can
// change.
//
// Created, LastLogin and EmailVerified are ignored on input.
type User struct {
	ID    uuid.UUID `json:"id"`              // chosen by AddUser when zero
	Name  string    `json:"name"`            // unique, in canonical form; see AddUser
	Email string    `json:"email,omitempty"` // unique by mailbox, or empty; see UserByEmail; kept as given
	// Subject is the host's own id for the user, such as an OIDC subject:
	// opaque, exact, unique, or empty.
	Subject     string    `json:"subject,omitempty"`
	DisplayName string    `json:"display_name,omitempty"`
	Note        string    `json:"note,omitempty"`
	Disabled    bool      `json:"disabled,omitempty"` // cannot log in and has no ticket
	Created     time.Time `json:"created,omitzero"`
	LastLogin   time.Time `json:"last_login,omitzero"` // zero: never

	// EmailVerified is when the user proved, by a [LinkVerify], to read Email.
	// Zero: never, or not since Email was changed.
	EmailVerified time.Time `json:"email_verified,omitzero"`
}

// Group is a named set of permissions that users are assigned to: the role of
// INCITS 359. Created is ignored on input.
type Group struct {
	ID          uuid.UUID `json:"id"`   // chosen by AddGroup when zero
	Name        string    `json:"name"` // unique; can be changed
	DisplayName string    `json:"display_name,omitempty"`
	Note        string    `json:"note,omitempty"`
	Created     time.Time `json:"created,omitzero"`
}

// Permission is a named right. Everything refers to a permission by its Name,
// which never changes. Created is ignored on input.
type Permission struct {
	ID          uuid.UUID `json:"id"`              // chosen by AddPermission when zero
	Name        string    `json:"name"`            // unique
	Title       string    `json:"title,omitempty"` // for menus and forms
	Description string    `json:"description,omitempty"`
	Section     string    `json:"section,omitempty"`  // the name of the permission's Section, or empty
	Position    int       `json:"position,omitempty"` // place within the section; ties are ordered by name
	Created     time.Time `json:"created,omitzero"`

	// Object and Operation are the parts of a permission in INCITS 359: the
	// right to perform the operation on the object. An empty field stands for a
	// part of the Name: the Object before the last dot, the Operation after the
	// last dot. A name without a dot has an Operation and no Object.
	Object    string `json:"object,omitempty"`
	Operation string `json:"operation,omitempty"`
}

// Section is the heading under which permissions are listed.
type Section struct {
	Name     string `json:"name"` // the key; never changes
	Title    string `json:"title,omitempty"`
	Position int    `json:"position,omitempty"` // place among the sections; ties are ordered by name
}

// Membership records that a user is in a group. Its key is User, Group, Scope.
//
// AssignedBy and AssignedAt are ignored on input. Source is fixed by AssignUser,
// and ignored by ModifyMembership and DeassignUser.
type Membership struct {
	User       string    `json:"user"`
	Group      string    `json:"group"`
	Scope      string    `json:"scope,omitempty"` // where the membership holds; empty: everywhere
	Note       string    `json:"note,omitempty"`
	Until      time.Time `json:"until,omitzero"` // the end of the membership, exclusive; zero: none
	AssignedBy string    `json:"assigned_by,omitempty"`
	AssignedAt time.Time `json:"assigned_at,omitzero"`

	// Source is the owner of the membership: the name of an identity provider or
	// of an applied file, which [Authority.Sync] keeps in line. Empty: an
	// administrator.
	Source string `json:"source,omitempty"`
}

// Grant records that a group has a permission. Its key is Group and Permission.
//
// GrantedBy and GrantedAt are ignored on input.
type Grant struct {
	Group      string    `json:"group"`
	Permission string    `json:"permission"` // a name, or a pattern of names; see GrantPermission
	Note       string    `json:"note,omitempty"`
	GrantedBy  string    `json:"granted_by,omitempty"`
	GrantedAt  time.Time `json:"granted_at,omitzero"`
}

// Inheritance records that the group Senior has all permissions of the group
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
	Delegations  []Delegation
}

// UserQuery selects users. The zero query selects all users. Users are listed
// in byte order of their names.
//
// The cost of a page by Group, Scope or Permission follows from the page, not
// from the number of members. Search and LastLoginBefore read all users, or the
// members if there are fewer than 50,000, until the page is full: half a second
// for a million users. CountUsers always reads to the end.
type UserQuery struct {
	Search string    // only with this text in Name, DisplayName or Email; A to Z match in either case
	State  UserState // AnyUser, EnabledUser or DisabledUser
	// Group selects users who are authorized for this group: members of the
	// group or, unless Direct, of a group that inherits it. With Scope, only a
	// membership in exactly that scope counts.
	Group  string
	Direct bool
	// Permission selects users who have this permission by a membership in any
	// scope, or with Scope, who have it there: by a membership in Scope or by
	// one without scope. A pattern is no permission.
	Permission string
	// Scope narrows Group and Permission to a scope. Without both, Scope
	// selects users who have a membership in exactly this scope. Memberships
	// that have ended never count.
	Scope string
	// LastLoginBefore, unless zero, selects users whose last login was earlier,
	// and users who never logged in.
	LastLoginBefore time.Time

	After string // only names greater than this name: the last name of the page before
	Limit int    // at most this many; 0: no limit
}

// UserState is a condition on User.Disabled. The zero UserState is AnyUser.
type UserState int

const (
	AnyUser UserState = iota
	EnabledUser
	DisabledUser
)

// Store is the backend of an Authority: tables in memory, in SQLite or in
// PostgreSQL. Programs open a Store with package memorystore, sqlitestore or
// postgresstore and pass the Store to [Open]. Package store describes the
// contract for authors of backends.
type Store = store.Store

// The row types of package store have the fields of the types of this package.
// A conversion between the two does not compile if the fields drift apart.

func publicSection(s store.Section) Section { return Section(s) }

func publicPermission(p store.Permission) Permission { return Permission(p) }

func publicGroup(g store.Group) Group { return Group(g) }

// publicRows lists a table of a store, converted to a type of this package.
func publicRows[S, T any](list func() ([]S, error), convert func(S) T) ([]T, error) {
	stored, err := list()
	return publicEach(stored, convert), err
}

// publicEach converts rows; nil stays nil.
func publicEach[S, T any](rows []S, convert func(S) T) []T {
	if rows == nil {
		return nil
	}
	converted := make([]T, len(rows))
	for i, row := range rows {
		converted[i] = convert(row)
	}
	return converted
}
