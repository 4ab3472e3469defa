package store

import (
	"iter"
	"strings"
	"time"

	"github.com/google/uuid"
)

// User is the public part of an account, with the fields of rbac.User.
type User struct {
	ID          uuid.UUID
	Name        string
	Email       string
	Subject     string
	DisplayName string
	Note        string
	Disabled    bool
	Created     time.Time
	LastLogin   time.Time // zero: never

	// EmailVerified is the time at which the user proved to have access to
	// Email. Zero: never.
	EmailVerified time.Time
}

// UserRecord is a row of the table of users: unique by ID, by Name, by EmailKey
// unless empty, and by Subject unless empty.
type UserRecord struct {
	User
	EmailKey     string // the form of Email in which two addresses are compared
	PasswordHash string // PHC or modular crypt string; empty: no password

	// PacedUntil limits the rate of the changes that the user causes without an
	// administrator. Each change advances PacedUntil by the time in which one
	// change is allowed. PacedUntil minus now is the backlog. Zero: no backlog.
	PacedUntil time.Time
}

// UserKey is a key of a user. At most one field is not zero.
type UserKey struct {
	ID       uuid.UUID
	Name     string
	EmailKey string
	Subject  string
}

// Clone returns a copy that shares no bytes with u, for code that keeps a
// record: the caller may reuse the bytes of the texts.
func (u UserRecord) Clone() UserRecord {
	for _, text := range []*string{
		&u.Name, &u.Email, &u.EmailKey, &u.Subject, &u.DisplayName, &u.Note, &u.PasswordHash,
	} {
		*text = strings.Clone(*text)
	}
	return u
}

// UserFilter selects users. The zero filter selects all users.
type UserFilter struct {
	After string // only names greater than this one, in byte order
	Limit int    // at most this many; 0: no limit

	// Search selects users whose Name, DisplayName or Email contains this text.
	// Letters A to Z match in either case, all others exactly.
	Search string

	// Groups and Scopes, unless both are nil, select users by their
	// memberships. At least one membership of the user is in one of Groups
	// (nil: in any group), has one of Scopes, compared exactly (nil: any
	// scope), and has not ended at the time At (Until is zero or later than
	// At).
	Groups []uuid.UUID
	Scopes []string
	At     time.Time
	// Permanent restricts Groups and Scopes to memberships without Scope and
	// without Until.
	Permanent bool
	// AlsoGroups and AlsoScopes are a second condition like Groups and Scopes.
	// Another membership of the user may meet the condition.
	AlsoGroups []uuid.UUID
	AlsoScopes []string

	// Enabled selects users who are not disabled, Disabled the others. Both
	// together select nobody.
	Enabled, Disabled bool
	// LastLoginBefore, unless zero, selects users whose LastLogin is earlier,
	// users who never logged in included.
	LastLoginBefore time.Time
}

// UserRecords is the table of users.
type UserRecords interface {
	// User returns the user with a key. The zero key finds nobody.
	User(UserKey) (UserRecord, error)
	// LockUser reads a user and keeps other transactions from locking or
	// changing that user until this transaction ends.
	LockUser(id uuid.UUID) (UserRecord, error)
	// Users lists in byte order of Name.
	Users(UserFilter) iter.Seq2[UserRecord, error]
	// CountUsers counts the users that a filter selects. After and Limit are
	// ignored.
	CountUsers(UserFilter) (int, error)
	AddUser(UserRecord) error
	// SetUser writes every field but Created, LastLogin, PasswordHash and
	// PacedUntil, which a login may be writing at the same time.
	SetUser(UserRecord) error
	SetPasswordHash(id uuid.UUID, hash string) error
	SetLastLogin(id uuid.UUID, at time.Time) error
	SetPacedUntil(id uuid.UUID, at time.Time) error
	// DeleteUser requires that the user has no memberships, tickets or links,
	// and also deletes the logins of the user.
	DeleteUser(id uuid.UUID) error
}
