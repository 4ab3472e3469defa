package rbac

import (
	"context"
	"iter"
	"time"

	"github.com/google/uuid"
)

// Store keeps the records of an Authority in tables: in memory, in SQLite, on a
// server. It knows no rule of RBAC. Names and keys are canonical, references
// resolved and constraints checked when they get here, so a store neither
// validates nor interprets what it is given.
//
// Package store/storetest holds the executable form of this contract; a store
// that passes it can be used with [Open].
//
// View and Update run f in one transaction with the Records of that
// transaction. What every store promises, and every f must know:
//
//   - View sees one state of the store from beginning to end, and f's writes fail with ErrReadOnly.
//   - Update makes all of f's writes durable when it returns nil, and none of
//     them otherwise. f reads what it wrote. Where a server is lost during the commit, so that it cannot be
//     known which of both it is, the error says that.
//   - f may be run more than once, when the engine asks for a retry; it must have no effects outside.
//   - An error from f rolls back and is returned as it is. A panic in f rolls back and goes on.
//   - After a method of Records returned an error other than ErrNotFound the
//     transaction cannot commit: Update rolls back and returns that error even if f returns nil.
//   - Two Updates never both succeed if each would have seen the other's writes
//     in a record it locked (LockHead, ShareHead, LockUser, Throttle). A store may as well run Updates one after another.
//   - The context governs the whole transaction. When it ends, methods of Records fail and Update rolls back.
//   - A transaction that waits for others gives up when its context ends, whatever it waits
//     for: its turn, a connection, a lock, or its commit as long as the engine has not begun with it.
//   - Records, and the sequences it returned, are dead when f has returned; using
//     them gives ErrTxDone. They are used by one goroutine at a time.
//   - Calling the Store again from inside f may deadlock, until the context of that call ends.
//
// Errors: [ErrNotFound], [ErrReadOnly], [ErrTxDone], or an error that wraps [ErrUnavailable]
// and says what failed. Where the context ended, errors.Is also finds its error. A store
// that gives up waiting for other transactions by itself returns an error that wraps
// [ErrBusy] instead of ErrUnavailable: nothing was done.
//
// Implementations are safe for concurrent use. Whoever opened a Store closes
// it, after the Authorities on it; after Close every call fails with ErrUnavailable.
type Store interface {
	View(ctx context.Context, f func(Records) error) error
	Update(ctx context.Context, f func(Records) error) error
	Close() error
}

// Records are the tables of a store inside one transaction.
//
// A method that reads one record returns ErrNotFound when it is not there. One
// that changes or deletes a record by its key returns ErrNotFound, too, and
// that does not spoil the transaction. Adding a record whose key, or one of
// whose unique values, is taken is a fault of the caller and does.
//
// Values are copies on the way in and out, texts too: a host may write over the
// bytes of what it gave. Times come in UTC with microsecond precision and are
// given back equal; the zero Time is given back zero.
// Strings are exact: no trimming, folding or truncation.
//
// A listing by sequence reads page by page, by key; each page is read whole
// before its first record is yielded, so any method, writing ones too, may be
// called while it runs. A record that is there all the time is yielded exactly
// once, in the stated order. An error is yielded once, last, with a zero record.
type Records interface {
	HeadRecords
	UserRecords
	PolicyRecords
	SeparationRecords
	MembershipRecords
	TicketRecords
	TicketValueRecords
	ThrottleRecords
	ChangeRecords
}

// Head is where the store's history stands.
type Head struct {
	Revision Revision
	Nonce    uint64 // random, anew for each revision: a restored store may repeat a revision, but not its nonce
}

// HeadRecords is the one row that says which revision the store is at. It is
// there, zero, in a new store.
type HeadRecords interface {
	Head() (Head, error)
	// LockHead reads the head and keeps every other transaction from locking it
	// until this one ends. A transaction that locks both locks the head before any user or throttle.
	LockHead() (Head, error)
	// ShareHead reads the head and keeps every other transaction from locking it, and
	// may keep it from sharing it, until this one ends.
	ShareHead() (Head, error)
	SetHead(Head) error
}

// UserRecord is a user as a store keeps it.
type UserRecord struct {
	User
	EmailKey     string // unique unless empty: the form of Email in which two addresses are compared
	PasswordHash string // PHC or modular crypt string; empty: no password

	// PacedUntil is how far ahead of the clock the changes that the user has caused without an administrator
	// reach: each moves it on by the time in which one is allowed. Zero: none.
	PacedUntil time.Time
}

// UserFilter selects users. The zero filter selects all of them.
type UserFilter struct {
	After  string // only names greater than this one, in byte order
	Search string // only where Name, DisplayName or Email contains this text; letters A to Z match in either case, all others exactly
	Limit  int    // at most this many; 0: no limit

	// Groups, unless nil, keeps to users who have at least one membership in one
	// of these groups that has not ended at the time At (Until zero or later than At).
	Groups []uuid.UUID
	At     time.Time
	// Permanent looks, for Groups, at memberships without scope and without Until only.
	Permanent bool
	// Enabled keeps to users who are not disabled.
	Enabled bool
}

// UserRecords is the table of users: unique by ID, by Name, by EmailKey unless
// empty, and by Subject unless empty.
type UserRecords interface {
	User(id uuid.UUID) (UserRecord, error)
	UserByName(name string) (UserRecord, error)
	UserByEmail(key string) (UserRecord, error)
	UserBySubject(subject string) (UserRecord, error)
	// LockUser reads a user and keeps other transactions from locking or changing it until this one ends.
	LockUser(id uuid.UUID) (UserRecord, error)
	// Users lists in byte order of Name.
	Users(UserFilter) iter.Seq2[UserRecord, error]
	AddUser(UserRecord) error
	// SetUser writes everything but Created, LastLogin, PasswordHash and PacedUntil, which a login may be writing meanwhile.
	SetUser(UserRecord) error
	SetPasswordHash(id uuid.UUID, hash string) error
	SetLastLogin(id uuid.UUID, at time.Time) error
	SetPacedUntil(id uuid.UUID, at time.Time) error
	// DeleteUser needs the user's memberships and tickets to be gone.
	DeleteUser(id uuid.UUID) error
}

// GrantRecord is a grant as a store keeps it: unique by Group and Permission. Group exists.
type GrantRecord struct {
	Group      uuid.UUID
	Permission string // a permission's name, or a pattern: compared exactly, and no reference
	Note       string
	GrantedBy  string
	GrantedAt  time.Time
}

// InheritanceRecord is an immediate inheritance: unique by both. Both groups exist.
type InheritanceRecord struct{ Senior, Junior uuid.UUID }

// Declaration remembers that a program declared something, so that it is not
// declared again: unique by Kind and Key.
type Declaration struct {
	Kind string    // "section", "permission", "group", "grant" or "inheritance"
	Key  string    // the declared name or names
	ID   uuid.UUID // what the name meant then, since it may have been renamed; zero where names cannot change
	Text string    // the texts declared last, to tell the program's change from the administrator's
}

// PolicyRecords are the tables that say what groups may do. They are small
// enough to be read whole: listings are slices, in byte order of their name or key (by
// group and permission, senior and junior, kind and key).
type PolicyRecords interface {
	Sections() ([]Section, error)
	Section(name string) (Section, error)
	AddSection(Section) error
	SetSection(Section) error
	DeleteSection(name string) error

	// Permissions are unique by ID and by Name. Their Section is no reference.
	Permissions() ([]Permission, error)
	Permission(name string) (Permission, error)
	AddPermission(Permission) error
	SetPermission(Permission) error // by ID; writes everything but Name and Created
	DeletePermission(id uuid.UUID) error

	// Groups are unique by ID and by Name.
	Groups() ([]Group, error)
	Group(id uuid.UUID) (Group, error)
	GroupByName(name string) (Group, error)
	AddGroup(Group) error
	SetGroup(Group) error // by ID; writes everything but Created
	// DeleteGroup needs the group's grants, inheritances, memberships and places in separation sets and tickets to be gone.
	DeleteGroup(id uuid.UUID) error

	Grants() ([]GrantRecord, error)
	GroupGrants(group uuid.UUID) ([]GrantRecord, error)
	PermissionGrants(permission string) ([]GrantRecord, error)
	Grant(group uuid.UUID, permission string) (GrantRecord, error)
	AddGrant(GrantRecord) error
	SetGrant(GrantRecord) error
	DeleteGrant(group uuid.UUID, permission string) error

	Inheritances() ([]InheritanceRecord, error)
	Juniors(senior uuid.UUID) ([]uuid.UUID, error) // immediate; in byte order
	Seniors(junior uuid.UUID) ([]uuid.UUID, error) // immediate; in byte order
	AddInheritance(InheritanceRecord) error
	DeleteInheritance(InheritanceRecord) error

	Declarations() ([]Declaration, error)
	SetDeclaration(Declaration) error // adds or replaces
}

// SeparationRecord is a separation of duty set as a store keeps it: unique by Dynamic and Name.
type SeparationRecord struct {
	Dynamic     bool // of the groups active in a ticket; otherwise static, of those a user is authorized for
	Name        string
	Cardinality int
	Groups      []uuid.UUID // in byte order, without repetition
}

// SeparationRecords is the table of separation of duty sets. Each of Groups exists. Listings
// are in byte order of Name.
type SeparationRecords interface {
	Separations(dynamic bool) ([]SeparationRecord, error)
	Separation(dynamic bool, name string) (SeparationRecord, error)
	// GroupSeparations lists the sets with one of groups among their Groups, each once.
	GroupSeparations(dynamic bool, groups []uuid.UUID) ([]SeparationRecord, error)
	AddSeparation(SeparationRecord) error
	SetSeparation(SeparationRecord) error // replaces Cardinality and Groups
	DeleteSeparation(dynamic bool, name string) error
}

// MembershipRecord is a membership as a store keeps it: unique by User, Group and Scope.
type MembershipRecord struct {
	User, Group uuid.UUID
	Scope       string
	Note        string
	Until       time.Time
	AssignedBy  string
	AssignedAt  time.Time
}

// Member is a membership together with its user.
type Member struct {
	MembershipRecord
	UserName string
}

// MembershipRecords is the table of who is in which group. User and Group exist.
type MembershipRecords interface {
	Membership(user, group uuid.UUID, scope string) (MembershipRecord, error)
	// UserMemberships lists in byte order of Group and Scope.
	UserMemberships(user uuid.UUID) ([]MembershipRecord, error)
	// GroupMembers lists in byte order of User (the id) and Scope.
	GroupMembers(group uuid.UUID) iter.Seq2[Member, error]
	AddMembership(MembershipRecord) error
	SetMembership(MembershipRecord) error
	DeleteMembership(user, group uuid.UUID, scope string) error
}

// TokenHash is the SHA-256 of a token. The token itself is never stored.
type TokenHash [32]byte

// TicketRecord is a ticket as a store keeps it: unique by ID and by Hash.
type TicketRecord struct {
	ID, User  uuid.UUID
	Hash      TokenHash
	Label     string
	Key       bool        // an API key: no idle limit, whatever Idle is
	Narrowed  bool        // only Groups are active; otherwise all of the user's
	Groups    []uuid.UUID // in byte order, without repetition; nil unless Narrowed
	Created   time.Time
	LastSeen  time.Time
	Expires   time.Time
	Idle      time.Duration // unless Key, the ticket ends so long after LastSeen; whole microseconds, 0 to 100 years
	Addr      string
	UserAgent string
}

// TicketRecords is the table of tickets. User exists, and so does each of Groups.
// A zero time in a ticket is the earliest there is, not "never".
type TicketRecords interface {
	Ticket(id uuid.UUID) (TicketRecord, error)
	TicketByHash(TokenHash) (TicketRecord, error)
	// UserTickets lists by Created, then ID.
	UserTickets(user uuid.UUID) ([]TicketRecord, error)
	// GroupTickets lists the tickets that have one of groups in their Groups, by ID.
	GroupTickets(groups []uuid.UUID) iter.Seq2[TicketRecord, error]
	// IdleTickets lists the tickets with LastSeen before a time, keys too, by ID.
	IdleTickets(before time.Time) iter.Seq2[TicketRecord, error]
	AddTicket(TicketRecord) error
	// SetTicketGroups replaces Groups; the ticket is Narrowed.
	SetTicketGroups(id uuid.UUID, groups []uuid.UUID) error
	// TouchTicket moves LastSeen forward, and does nothing if the ticket is gone
	// or was seen later: a touch never brings a ticket back.
	TouchTicket(id uuid.UUID, seen time.Time) error
	// DeleteTicket takes the values of the ticket along.
	DeleteTicket(id uuid.UUID) error
	// DeleteDeadTickets deletes at most limit tickets whose Expires or, unless Key, whose LastSeen
	// plus Idle is at or before a time, with their values, and returns how many.
	DeleteDeadTickets(at time.Time, limit int) (int, error)
}

// TicketValueRecord is a value that a host keeps with a ticket: unique by Ticket and Key.
type TicketValueRecord struct {
	Ticket     uuid.UUID
	Key, Value string
}

// TicketValueRecords is the table of what hosts keep with tickets. Some KiB at most
// belong to one ticket, and go with it. Who changes them has locked the ticket's user,
// and sees what others have written under that lock.
type TicketValueRecords interface {
	// TicketValues lists by Key, in byte order; without any it is empty.
	TicketValues(ticket uuid.UUID) ([]TicketValueRecord, error)
	// SetTicketValue adds or replaces, and gives ErrNotFound where there is no such
	// ticket. While another transaction deletes the ticket it waits for that one, or the other
	// for it: a value neither outlives its ticket nor keeps it from being deleted.
	SetTicketValue(TicketValueRecord) error
	DeleteTicketValue(ticket uuid.UUID, key string) error
}

// ThrottleRecord is a count of failed logins, or a client that is known for a
// user's name: unique by Key.
type ThrottleRecord struct {
	Key   [32]byte  // a hash of what is counted
	User  uuid.UUID // the user whose logins these are; zero: nobody's
	Last  time.Time // when the record was last of use: records of nobody make room by it
	Until time.Time // the record can be deleted from this time on
	State string    // the count itself, at most 32 KiB of JSON
}

// ThrottleRecords is the table of failed logins. User is no reference: the user
// may be gone.
type ThrottleRecords interface {
	// Throttle returns the record of a key, and one with nothing but the Key where
	// there is none. In an Update it keeps other transactions from reading that
	// key in an Update until this one ends.
	Throttle(key [32]byte) (ThrottleRecord, error)
	// UserThrottles lists the records of a user, in byte order of Key. It locks
	// none of them.
	UserThrottles(user uuid.UUID) ([]ThrottleRecord, error)
	SetThrottle(ThrottleRecord) error // adds or replaces
	DeleteThrottle(key [32]byte) error
	// DeleteIdleThrottles deletes records with Until at or before now and, of the
	// records without User, all but the keep latest by Last; at most limit of
	// them. It returns how many.
	DeleteIdleThrottles(now time.Time, keep, limit int) (int, error)
}

// ChangeRecords is the change log: unique by Revision and Seq.
type ChangeRecords interface {
	AddChange(Change) error
	// Changes lists by Revision and Seq what the query selects.
	Changes(ChangeQuery) iter.Seq2[Change, error]
	// DeleteChanges deletes the first entries by Revision and Seq, up to the first with At not before
	// a time or with the last Revision there is, at most limit of them, and tells how many.
	DeleteChanges(before time.Time, limit int) (int, error)
}
