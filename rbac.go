// Package rbac is authorization for Go services: users, groups and permissions in a
// store, login tickets, and predicates that guard what a service does.
//
// Start with [Open], which makes an [Authority] on a [Store] such as sqlitestore or
// memorystore gives. [Authority.Declare] brings in the permissions the program knows. In
// [Authority.Update], a [Tx] adds users and groups, grants and assigns.
// [Authority.Login] checks a password and gives a [Token]; [Authority.Identify] turns
// the token of a request into an [Identity]; and [Check] judges the Identity by a [Predicate]:
//
//	canEdit := rbac.Any(rbac.HasPermission("post.edit"), rbac.IsUserID(post.AuthorID))
//	if err := rbac.Check(id, canEdit); err != nil {
//		return err // errors.Is(err, rbac.ErrDenied), and it says what is missing
//	}
//
// Package httpguard does this for net/http. Hosts that have users or a login of
// their own keep them: see [User].Subject, [Authority.Issue], [Authority.IdentityBySubject] and [NewIdentity].
//
// # Terms
//
// A group is the role of the RBAC standard, ANSI INCITS 359: a named bag of
// permissions that users are assigned to. A user has permissions through groups only. A
// group can inherit another: the senior one has the permissions of the junior one. Functions are named
// after the standard's, with Group for Role, and Ticket for Session: docs/incits359.md lists them all.
//
// # Separation of duty
//
// A [SeparationSet] keeps duties apart. Of a static one ([Tx.CreateSSDSet]) nobody can be authorized for too many groups:
// the call that would make it so is ErrSeparation. Of a dynamic one ([Tx.CreateDSDSet]) too many are never active in one ticket:
// a login leaves some out ([Ticket].Omitted) or names its own ([Login].Groups), and [Authority.AddActiveGroup],
// [Authority.DropActiveGroup] and [Authority.SetActiveGroups] change them. [Explain] tells what a set has left
// out, and [Authority.ExplainUser] tells an administrator every path by which a user has a right.
//
// # What denies
//
// A decision is an error, nil only when allowed. Everything that is not a clear yes denies:
// the zero value and nil of every type, an invalid or unknown name (under [Not] too), a
// panic, a store that cannot be reached. ErrUnavailable is not ErrDenied, but it is no yes either.
//
// # When a change takes effect
//
// A change takes effect for every Identify, Judge or Identity that starts after the call that made it
// has returned: at once in the Authority that made it, and in every other, in whatever process, within
// [Config.MaxStaleness], a second unless set otherwise. One that cannot ask its store for so long
// answers ErrUnavailable. Most often it takes a tenth of that; who cannot wait says so with [AtLeast].
// A View or an Update always sees the store as it is. Where one server can take the place of another this
// needs more than asking: see [Authority.Guarantee].
//
// An Identity keeps its answers for ever. So get a new one for every request, and for
// every message of a long connection.
//
// # Cautions
//
// What a predicate does not guard is not guarded. A menu that leaves something out
// is a convenience.
//
// Give [Login] the client's own address. With that of a proxy in its place, one
// attacker's failures slow down everybody behind the same proxy.
//
// Group and permission names are exact; user names are not, and can pass to
// somebody else after a deletion. Record owners by [User].ID.
package rbac

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/store"
)

// Authority knows the users, groups and permissions of one Store: it logs users
// in, identifies requests and judges predicates. It is safe for concurrent use.
//
// A change takes effect for every Identify or Judge that starts after the call that made
// it has returned: at once in the Authority that made it, and within
// [Config.MaxStaleness] in every other on the same Store, or that one answers ErrUnavailable.
type Authority struct {
	store     Store
	confirmer store.Confirmer // the store, if it is one
	finder    store.Finder    // likewise
	cfg       Config
	log       *slog.Logger
	hasher    *hasher
	queue     *hashQueue
	caches    caches
	state     atomic.Pointer[state]
	lease     atomic.Pointer[lease]
	trust     time.Duration // how long a lease is believed without a look at the store: MaxStaleness, but in tests
	epoch     atomic.Uint64 // counts how often the lease was given up: a poll sent before does not bring it back
	polling   chan struct{} // holds one value while somebody polls
	wake      chan struct{} // holds one value to make the follower ask at once
	lookups   chan struct{} // holds one value for each lookup in the store that an Identify waits for
	rereads   chan struct{} // likewise, of tickets that are known
	made      Revision      // of the last change made through this Authority, as far as the history is still that one; under moving
	noTicket  origin        // of Identities that came from no ticket
	signal    chan struct{} // closed and replaced when the state moves; under moving
	following chan struct{} // holds one value while somebody reads what is new in the store
	moving    sync.Mutex    // held to move state, and to fill the caches that belong to it; never while the store is asked
	uses      uses
	stop      context.CancelFunc
	ends      <-chan struct{} // closed by Close
	watches   atomic.Int64    // how many run
	warned    atomic.Uint64   // the serial number of the policy that Validate has last warned about
	done      sync.WaitGroup
	closed    atomic.Bool

	guarantee *store.Guarantee // that was logged last; of Open, then of the follower
	clock     clockWatch       // of Open, then of keepHouse

	verified func() // called by tests between verifying a password and making the ticket
}

// Open makes an Authority on a store. It reads the policy, not the users. The
// caller closes the Authority and then the Store.
//
// Once after an upgrade, Open also reads the users, a million in some seconds, and
// brings the keys of their e-mail addresses up to date. Where it cannot write, it logs
// a warning and goes on; [Tx.UserByEmail] is right either way.
//
// Errors: ErrInvalid for a nil store or a Config out of its bounds; ErrUnavailable.
func Open(ctx context.Context, s Store, cfg Config) (*Authority, error) {
	if s == nil {
		return nil, invalid("config", "", "Store", "nil")
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	hasher, err := newHasher(cfg.Argon2id)
	if err != nil {
		return nil, err
	}
	a := &Authority{store: s, cfg: cfg, log: cfg.Logger, hasher: hasher,
		queue: newHashQueue(max(1, runtime.GOMAXPROCS(0)/2)), caches: newCaches(cfg), following: make(chan struct{}, 1),
		polling: make(chan struct{}, 1), wake: make(chan struct{}, 1), lookups: make(chan struct{}, maxLookups), rereads: make(chan struct{}, maxLookups), signal: make(chan struct{})}
	a.confirmer, _ = s.(store.Confirmer)
	a.finder, _ = s.(store.Finder)
	a.trust = cfg.MaxStaleness
	a.noTicket.owner = a
	a.state.Store(&state{})
	// Reading the whole policy takes as long as ctx allows; the lease then begins with a short look.
	if err := a.current(ctx, func(r store.Records, _ *state) error { return a.watchClock(r) }); err != nil {
		return nil, err
	}
	if err := a.pollOnce(ctx); err != nil {
		return nil, err
	}
	a.logGuarantee()
	a.logDoubt()
	if err := a.renewEmailKeys(ctx); err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.Background())
	a.stop, a.ends = stop, background.Done()
	a.uses.wake = make(chan struct{}, 1)
	a.done.Go(func() { a.keepHouse(background) })
	a.done.Go(func() { a.followStore(background) })
	return a, nil
}

// Close ends the Authority's background work after writing what it still has to
// write. It does not close the Store. Calls that come later fail with ErrUnavailable.
func (a *Authority) Close() error {
	if a.closed.Swap(true) {
		return nil
	}
	a.stop()
	a.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	return a.flush(ctx)
}

// lastWords is how long Close tries to write what is left, in case the store hangs.
const lastWords = 10 * time.Second

// View runs f with a Tx that reads one consistent state. A change inside is
// ErrReadOnly. View returns the error of f as it is.
//
// Do not call the Authority inside f, and keep f free of side effects: f may run
// more than once. Such a call can wait for the View, and so for itself; after
// [Config.LockTimeout] it fails with ErrBusy. The Tx does the same within the View.
func (a *Authority) View(ctx context.Context, f func(*Tx) error) error {
	return a.view(ctx, func(r store.Records) error {
		tx, err := a.begin(ctx, r, true)
		if err != nil {
			return err
		}
		return f(tx)
	})
}

// Update runs f with a Tx and commits what it changed: all of it when f returns nil,
// and nothing otherwise. It returns the error of f as it is, or ErrProtected
// if the changes would take a permission in Config.Protected from its last holder.
//
// Updates run one after another, in whatever process. One that waits longer than
// [Config.LockTimeout] for others fails with ErrBusy, and nothing was done.
//
// Do not call the Authority inside f, and keep f free of side effects: f may run
// more than once. Such a call waits for the Update, and so for itself, until it
// fails with ErrBusy: use the Tx, and hash passwords before. A panic in f rolls
// back and goes on.
//
// An error other than f's own that wraps ErrUnavailable may have come after the
// commit; then it is not known whether the changes were made.
func (a *Authority) Update(ctx context.Context, f func(*Tx) error) error {
	return a.commit(ctx, func(r store.Records) (*Tx, error) {
		tx, err := a.begin(ctx, r, false)
		if err != nil {
			return tx, err
		}
		defer tx.end()
		return tx, f(tx)
	})
}

// commit runs f in an Update and, when it has committed, moves the state to where it led.
func (a *Authority) commit(ctx context.Context, f func(store.Records) (*Tx, error)) error {
	var tx *Tx
	before, ready := a.moment(), false
	err := a.update(ctx, func(r store.Records) (err error) {
		before, ready = a.moment(), false
		if tx, err = f(r); err == nil {
			err = tx.finish()
		}
		ready = err == nil && tx.changes > 0
		return err
	})
	if err != nil && ready {
		a.giveUpLease() // the commit may have taken effect, and its answer been lost
	}
	if err != nil {
		return err
	}
	a.advance(before, tx)
	if a.watches.Load() > 0 && a.lease.Load() == nil {
		a.wakeUp() // it may be long before anybody asks
	}
	a.logEnded(ctx, tx.ended)
	return nil
}

var errClosed = fmt.Errorf("%w: the authority is closed", ErrUnavailable)

func (a *Authority) view(ctx context.Context, f func(store.Records) error) error {
	if a.closed.Load() {
		return errClosed
	}
	return a.transact(ctx, a.store.View, f)
}

func (a *Authority) update(ctx context.Context, f func(store.Records) error) error {
	if a.closed.Load() {
		return errClosed
	}
	return a.transact(ctx, a.store.Update, f)
}

// now is the time in the form in which stores keep it.
func (a *Authority) now() time.Time { return instant(a.cfg.Clock()) }

func (c Config) withDefaults() (Config, error) {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Clock == nil {
		c.Clock = time.Now
	} else {
		c.ownClock = true
	}
	c.Protected = slices.Clone(c.Protected)
	var errs []error
	for _, name := range c.Protected {
		errs = append(errs, validName("config", "Protected", name))
	}
	errs = append(errs,
		between("MaxStaleness", &c.MaxStaleness, time.Second, 10*time.Millisecond, time.Hour),
		between("LockTimeout", &c.LockTimeout, 30*time.Second, 10*time.Millisecond, time.Hour),
		between("KeepChanges", &c.KeepChanges, 90*24*time.Hour, time.Hour, 100*365*24*time.Hour),
		between("IdleLimit", &c.IdleLimit, time.Hour, time.Minute, 100*365*24*time.Hour),
		between("AbsoluteLimit", &c.AbsoluteLimit, 12*time.Hour, time.Minute, 100*365*24*time.Hour),
		between("MaxTickets", &c.MaxTickets, 20, 1, 10_000),
		between("MaxFailures", &c.MaxFailures, 100, 1, 1000),
		between("MinPassword", &c.MinPassword, 15, 1, 256),
		between("CachedTickets", &c.CachedTickets, 10_000, 1, 1<<30),
		between("CachedUsers", &c.CachedUsers, 10_000, 1, 1<<30))
	return c, errors.Join(errs...)
}

// between gives a zero setting its default and refuses one out of bounds.
func between[T int | time.Duration](field string, value *T, zero, least, most T) error {
	if *value == 0 {
		*value = zero
	}
	if *value < least || *value > most {
		return invalid("config", "", field, fmt.Sprintf("%v is not between %v and %v", *value, least, most))
	}
	return nil
}
