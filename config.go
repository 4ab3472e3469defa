package rbac

import (
	"context"
	"log/slog"
	"time"
)

// Config configures an Authority. The zero Config has safe defaults.
type Config struct {
	// Logger receives logins, failures, ended tickets and faults of the store,
	// with the attributes of [Event], and never a secret. Nil: slog.Default().
	Logger *slog.Logger
	// OnEvent, unless nil, gets each [Event] in the background, one after
	// another, with the values of the context that caused the event, but
	// without its Identity, actor and reason, which do not apply to changes by
	// OnEvent. A slow OnEvent delays no call: up to 1,024 events wait, at most
	// half of them caused by strangers, and further events are dropped
	// ([Stats].EventsDropped). OnEvent may call the Authority, except Close.
	// See docs/operations.md.
	OnEvent func(context.Context, Event)
	// Clock returns the time. Nil: time.Now.
	Clock func() time.Time

	// MaxStaleness is how long this Authority may go on answering without a
	// change that another Authority, in this or another process, has made. An
	// Authority that cannot ask the store for that long answers ErrUnavailable.
	// The Authority asks the store ten times within MaxStaleness. Zero: 1 s. 10
	// ms to 1 h. [Authority.Guarantee] reports whether MaxStaleness also holds
	// when a server fails over to another.
	MaxStaleness time.Duration
	// LockTimeout is how long a call waits for other transactions: for its
	// turn, for a connection of the store, or for a record that another
	// transaction has locked. Then the call fails with ErrBusy and has done
	// nothing, whatever its context. After a second the Logger logs the wait.
	// The usual cause is a call of the Authority inside View or Update, which
	// waits for itself. Only waiting is limited, not the work of a transaction.
	// A shorter limit of the store applies. Zero: 30 s. 10 ms to 1 h.
	LockTimeout time.Duration
	// KeepChanges is how long the change log and the lists of logins are kept.
	// Older entries are deleted in the background, unless the clock is in doubt;
	// see docs/consistency.md. Zero: 90 days. 1 h to 100 years.
	KeepChanges time.Duration
	// Administer is the permission of administrators: its holders may make
	// every change in an UpdateAs. Open adds the permission if the store lacks
	// it; nobody holds the permission until a group gets a grant. Empty:
	// "rbac.administer". Put the permission into Protected, too.
	Administer string
	// Protected names permissions that may not lose their last holder. No
	// Update may delete, disable or strip the last enabled user who has such a
	// permission by a membership without scope and without end. A permission
	// without such a holder is not protected yet.
	Protected []string

	// LimitedHierarchy limits each group to one immediate junior. Inheriting a
	// second group is ErrExists (INCITS 359 section 6.2.2). Inheritances that
	// are already stored stay.
	LimitedHierarchy bool

	// IdleLimit ends a ticket that was not used for that long. The limit is
	// kept to the minute: a ticket ends between IdleLimit and a minute later.
	// Zero: 1 h. At least 1 min.
	//
	// IdleLimit and AbsoluteLimit are those of the Authority that makes the
	// ticket, and are kept with the ticket: the limits hold in every process,
	// whatever its Config.
	IdleLimit time.Duration
	// AbsoluteLimit ends a ticket that long after its login. Zero: 12 h. At
	// least 1 min.
	AbsoluteLimit time.Duration
	// RememberIdle and RememberLimit are IdleLimit and AbsoluteLimit of a login
	// with [Login].Remember. RememberLimit is 1 min to 100 years, zero: 30 days.
	// RememberIdle is 1 min to RememberLimit, zero: 14 days, or RememberLimit if
	// less.
	RememberIdle, RememberLimit time.Duration
	// MaxTickets is how many tickets a user may have, not counting API keys.
	// One more login ends the ticket that was made first. Zero: 20. With 1,
	// each login ends the previous ticket.
	//
	// A login that ends another ticket, a Logout and a RevokeTicket are changes
	// that every process has to follow. A user can cause 300 of these changes
	// at once, and then one in 12 seconds. Beyond that rate further logins are
	// ErrThrottled. Logging out is never refused.
	MaxTickets int

	// MaxFailures is how many logins in a row unknown clients may fail for one
	// user; see [Authority.Login]. Then only known clients get in, until a
	// known client succeeds or [Authority.Unlock] is called. Zero: 100, the
	// most that NIST SP 800-63B-4 section 3.2.2 allows. 1 to 1,000.
	MaxFailures int
	// MinPassword is the least number of Unicode code points in a password,
	// checked when a password is set, never at a login. Zero: 15 (NIST SP
	// 800-63B-4 for single-factor use). Less than 8 is unsafe wherever
	// strangers can reach the login.
	MinPassword int
	// RefusePassword, unless nil, is called before a password is set, with the
	// password in NFC. An error refuses the password and becomes the Reason of
	// the ErrInvalid, unless the error quotes the password. A panic refuses the
	// password, too.
	RefusePassword func(password string) error
	// CheckPassword, unless nil, is called after RefusePassword in the same
	// way, with the user: as stored, or as about to be added, before AddUser
	// chooses an ID; zero in [Authority.HashPassword]. [CommonPassword] is such
	// a function. CheckPassword may ask a server: no transaction is open, and
	// no password is being hashed meanwhile. An ErrUnavailable refuses the
	// password, too, and is the error of the call.
	CheckPassword func(ctx context.Context, u User, password string) error
	// LegacyHash verifies passwords against hashes of a format that rbac does
	// not read. [Tx.SetPasswordHash] takes such a hash with the prefix
	// "$legacy$", in up to 1,024 printable bytes, and LegacyHash gets the hash
	// without the prefix. As for any other hash, a login is counted and waits
	// for its turn first, and a success upgrades the hash. A call takes the
	// place of a hash: LegacyHash should take a second at most. Each password
	// is tried in NFC and, if different, as typed. An error or a panic is a
	// wrong password, and is not logged, since the text may quote a secret. The
	// hashes are stored as they are: wrap a hash that is quick to compute. Nil:
	// no such hashes.
	LegacyHash func(ctx context.Context, hash, password string) (bool, error)
	// Argon2id is the cost of new password hashes. Older hashes are upgraded at
	// the next login.
	Argon2id Argon2id

	// CachedTickets and CachedUsers bound the caches by number of entries.
	// Zero: 10,000 each.
	CachedTickets, CachedUsers int
}

// Argon2id is the cost of a password hash (RFC 9106). Zero fields mean 19 MiB,
// 2 passes, 1 lane. A lower cost is unsafe outside tests: the cost of cracking
// a stolen table of hashes falls in proportion.
type Argon2id struct {
	MemoryKiB uint32 // 8 to 1,048,576 and at least 8 × Threads
	Time      uint32 // 1 to 16
	Threads   uint8  // 1 to 16
}
