package rbac

import (
	"log/slog"
	"time"
)

// Config sets an Authority up. The zero Config has safe defaults for everything.
type Config struct {
	// Logger gets logins, failures, ended tickets and faults of the store, and never a secret. Nil: slog.Default().
	Logger *slog.Logger
	// Clock tells the time. Nil: time.Now.
	Clock func() time.Time

	// MaxStaleness is how long this Authority may answer from before a change that another one,
	// in this or another process, has made. Where it cannot ask the store for so
	// long, it answers ErrUnavailable. It asks ten times as often. Zero: 1 s. 10 ms to 1 h.
	// [Authority.Guarantee] tells whether this holds when a server fails over to another, too.
	MaxStaleness time.Duration
	// LockTimeout is how long a call waits for other transactions: for its turn, for
	// a connection of the store's, or for a record that another transaction has
	// locked. Then the call fails with ErrBusy and has done nothing, whatever its
	// context. After a second of waiting the Logger says so. The usual cause is a
	// call of the Authority inside View or Update, which waits for itself. A
	// transaction that waits no longer may take its time. A store may have a limit
	// of its own, which counts if it is shorter. Zero: 30 s. 10 ms to 1 h.
	LockTimeout time.Duration
	// KeepChanges is how long the change log is kept. Older entries are deleted in the
	// background, unless the clock is in doubt; see docs/consistency.md. Zero: 90 days. 1 h to 100 years.
	KeepChanges time.Duration
	// Protected names permissions that may not lose their last holder: no Update
	// may delete, disable or strip the last enabled user who has one of them by a
	// membership without scope and without end. A permission that has no
	// such holder yet is not protected.
	Protected []string

	// LimitedHierarchy keeps each group to one immediate junior: the inheritance of
	// a second is ErrExists (INCITS 359 section 6.2.2). What a store has already stays.
	LimitedHierarchy bool

	// IdleLimit ends a ticket that was not used for so long. It is kept to the
	// minute: a ticket ends between IdleLimit and a minute later. Zero: 1 h. At least 1 min.
	//
	// Both limits are those of the Authority that makes the ticket, and are kept with the ticket: they hold in every
	// process, whatever its Config.
	IdleLimit time.Duration
	// AbsoluteLimit ends a ticket so long after its login. Zero: 12 h. At least 1 min.
	AbsoluteLimit time.Duration
	// MaxTickets is how many tickets a user may have, API keys not counted; one
	// more login ends the one that was made first. Zero: 20. With 1 a login ends the one before it.
	//
	// A login that ends another ticket, a Logout and a RevokeTicket are changes that every process has to follow. A user
	// can cause 300 of them at once, and then one in 12 seconds; until then further logins are ErrThrottled. Logging out
	// is never refused.
	MaxTickets int

	// MaxFailures is how many logins in a row unknown clients may fail for one
	// user; see [Authority.Login]. Then only known clients get in, until one of them succeeds
	// or [Authority.Unlock] is called. Zero: 100, the most that NIST SP 800-63B-4 section 3.2.2
	// allows. 1 to 1,000.
	MaxFailures int
	// MinPassword is the least number of Unicode code points in a password, asked
	// where one is set, never at a login. Zero: 15 (NIST SP 800-63B-4 for single-factor
	// use). Less than 8 is unsafe wherever the login can be reached by strangers.
	MinPassword int
	// RefusePassword, unless nil, is asked before a password is set, with the
	// password in NFC. An error refuses it and becomes the Reason of the ErrInvalid,
	// unless it quotes the password; a panic refuses it, too.
	RefusePassword func(password string) error
	// Argon2id is the cost of new password hashes. Older hashes are
	// upgraded at the next login.
	Argon2id Argon2id

	// CachedTickets and CachedUsers bound the caches by number of entries. Zero: 10,000 each.
	CachedTickets, CachedUsers int

	ownClock bool // Clock is not time.Now
}

// Argon2id is the cost of a password hash (RFC 9106). Zero fields are 19 MiB, 2 passes,
// 1 lane. A cheaper one is unsafe outside tests: a stolen table of hashes falls in proportion.
type Argon2id struct {
	MemoryKiB uint32 // 8 to 1,048,576 and at least 8 × Threads
	Time      uint32 // 1 to 16
	Threads   uint8  // 1 to 16
}
