package rbac

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/emailkey"
	"github.com/rbac-go/rbac/internal/events"
	"github.com/rbac-go/rbac/internal/password"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/session"
	"github.com/rbac-go/rbac/internal/stats"
	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
)

// Authority knows the users, groups and permissions of one Store: it logs users
// in, identifies requests and judges predicates. It is safe for concurrent use.
//
// A change takes effect for every Identify or Judge that starts after the call
// that made the change has returned: at once in the Authority that made it, and
// within [Config.MaxStaleness] in every other Authority on the same Store. An
// Authority that cannot ask its store for that long answers ErrUnavailable.
type Authority struct {
	store      *waitlimit.Store
	cfg        Config
	clock      clock.Clock
	log        *slog.Logger
	passwords  *password.Hasher
	replica    *replica.Replica
	sessions   *session.Manager
	background background
	events     *events.Queue[Event]
	logins     stats.Logins
	noTicket   origin        // of Identities that came from no ticket
	warned     atomic.Uint64 // the serial number of the policy that Validate has last warned about
}

// Open opens an Authority on a store. It reads the policy, not the users. The
// caller closes the Authority and then the Store.
//
// Once after an upgrade, Open also reads the users, a million in some seconds,
// and brings the keys of their e-mail addresses up to date. If Open cannot
// write, Open logs a warning and goes on; [Tx.UserByEmail] is right either way.
//
// Errors: ErrInvalid for a nil store or a Config out of its bounds;
// ErrUnavailable.
func Open(ctx context.Context, s Store, cfg Config) (*Authority, error) {
	if s == nil {
		return nil, invalid("config", "", "Store", "nil")
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	passwords, reason := password.New(password.Argon2id(cfg.Argon2id))
	if reason != "" {
		return nil, invalid("config", "", "Argon2id", reason)
	}
	passwords.Legacy = cfg.LegacyHash
	a := newAuthority(s, cfg, passwords)
	if err := a.sessions.Start(ctx); err != nil {
		return nil, err
	}
	if err := emailkey.Renew(ctx, a.store, a.log); err != nil {
		return nil, err
	}
	if err := a.addAdminister(ctx); err != nil {
		return nil, err
	}
	a.startBackground()
	return a, nil
}

// Close waits up to 10 s until Config.OnEvent has got its events, writes the
// pending uses of tickets and ends the background work. Close does not close
// the Store. Later calls fail with ErrUnavailable. Close returns an error if
// pending uses could not be written.
func (a *Authority) Close() error {
	a.events.Close(closeTimeout) // first: OnEvent may ask the Authority
	if a.background.closed.Swap(true) {
		return nil
	}
	a.background.stop()
	a.background.running.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return a.sessions.Flush(ctx)
}

// closeTimeout bounds the last writes of Close, in case the store hangs.
const closeTimeout = 10 * time.Second

// background is the work that no call waits for: the follower of the replica,
// and the maintenance of the sessions.
type background struct {
	closed  atomic.Bool
	stop    context.CancelFunc
	ended   <-chan struct{} // closed by Close
	running sync.WaitGroup
}

// err returns ErrStopped once the Authority is closed.
func (b *background) err() error {
	if b.closed.Load() {
		return replica.ErrStopped
	}
	return nil
}

func (a *Authority) startBackground() {
	b := &a.background
	ctx, stop := context.WithCancel(context.Background())
	b.stop, b.ended = stop, ctx.Done()
	b.running.Go(func() { a.sessions.Run(ctx) })
	b.running.Go(func() { a.replica.Run(ctx) })
	go a.events.Run()
}

func newAuthority(s Store, cfg Config, passwords *password.Hasher) *Authority {
	a := &Authority{
		store:     waitlimit.New(s, cfg.LockTimeout, cfg.Logger),
		cfg:       cfg,
		clock:     clock.System,
		log:       cfg.Logger,
		passwords: passwords,
	}
	if cfg.Clock != nil {
		a.clock = clock.New(cfg.Clock)
	}
	cache := session.NewCache(cfg.CachedUsers, cfg.CachedTickets)
	a.replica = replica.New(replica.Config{
		Store:        a.store,
		Cache:        cache,
		Clock:        a.clock,
		Log:          cfg.Logger,
		MaxStaleness: cfg.MaxStaleness,
		Followed: func(err error) {
			a.emit(context.Background(), Event{Kind: EventKind(events.OfStore(err)), Err: err})
		},
	})
	a.events = events.New(cfg.OnEvent, a.log, a.now)
	a.sessions = session.New(session.Config{
		Store:        a.store,
		Replica:      a.replica,
		Cache:        cache,
		Clock:        a.clock,
		Log:          cfg.Logger,
		Maker:        session.Maker{Anonymous: a.makeAnonymous, User: a.makeIdentity},
		KeepChanges:  cfg.KeepChanges,
		MaxStaleness: cfg.MaxStaleness,
		EndOld:       a.endOldLinks,
	})
	a.noTicket.owner = a
	return a
}

// Guarantee returns how far [Config.MaxStaleness] holds with the store as it is
// now. Open logs the Guarantee, and logs each change of the Guarantee.
// Guarantee does no I/O.
func (a *Authority) Guarantee() store.Guarantee { return a.replica.Guarantee() }

// Config returns the configuration in force, with the defaults for zero values.
// Tools such as the console show its limits and look for holders of
// [Config].Administer and [Config].Protected.
func (a *Authority) Config() Config {
	cfg := a.cfg
	cfg.Protected = slices.Clone(cfg.Protected)
	return cfg
}

// View runs f with a Tx that reads one consistent state. A change inside f
// fails with ErrReadOnly. View returns the error of f unchanged.
//
// Do not call the Authority inside f, and keep f free of side effects: f may
// run more than once. Such a call can wait for the View, and so for itself;
// after [Config.LockTimeout] the call fails with ErrBusy. Use the Tx instead.
func (a *Authority) View(ctx context.Context, f func(*Tx) error) error {
	return a.view(ctx, func(r store.Records) error {
		tx, err := a.begin(ctx, r, true)
		if err != nil {
			return err
		}
		defer tx.r.Stop()
		return f(tx)
	})
}

// Update runs f with a Tx and commits the changes of f: all of them if f
// returns nil, and none otherwise. Update returns the error of f unchanged, or
// ErrProtected if the changes would take a permission in Config.Protected from
// its last holder.
//
// Updates run one after another, in whatever process. An Update that waits
// longer than [Config.LockTimeout] for others fails with ErrBusy, and nothing
// was done.
//
// Do not call the Authority inside f, and keep f free of side effects: f may
// run more than once. Such a call waits for the Update, and so for itself,
// until the call fails with ErrBusy: use the Tx, and hash passwords before the
// Update. A panic in f rolls back and propagates.
//
// An error other than f's own that wraps ErrUnavailable may have come after the
// commit. Then the outcome is unknown.
func (a *Authority) Update(ctx context.Context, f func(*Tx) error) error {
	return a.commit(ctx, func(r store.Records) (*Tx, error) {
		return a.change(ctx, r, f, mode{})
	})
}

// mode is how an Update runs.
type mode struct {
	recorded  bool      // of a Preview or Sync
	as        *Identity // of an UpdateAs
	delegated bool      // as counts, and may be nil
}

// change runs f with the Tx of an Update.
func (a *Authority) change(ctx context.Context, r store.Records, f func(*Tx) error, m mode) (*Tx, error) {
	tx, err := a.begin(ctx, r, false)
	if err != nil {
		return tx, err
	}
	tx.recorded = m.recorded
	if m.delegated {
		tx.as = &delegate{id: m.as}
	}
	defer tx.r.Stop()
	return tx, f(tx)
}

// commit runs f in an Update and, when the Update has committed, moves the
// state to the result of the Update.
func (a *Authority) commit(ctx context.Context, f func(store.Records) (*Tx, error)) error {
	var tx *Tx
	asked, ready := a.clock.Now(), false
	err := a.update(ctx, func(r store.Records) (err error) {
		asked, ready = a.clock.Now(), false
		if tx, err = f(r); err == nil {
			err = tx.finish()
		}
		ready = err == nil && tx.changes.Len() > 0
		return err
	})
	if err != nil && ready {
		a.replica.GiveUpLease() // the commit may have taken effect, although the answer was lost
	}
	if err != nil {
		return err
	}
	if tx.changes.Len() > 0 {
		a.replica.Advance(asked, &tx.changes)
	}
	a.emitChanges(ctx, tx)
	return nil
}

// current is Replica.Current, until the Authority is closed.
func (a *Authority) current(ctx context.Context, f replica.Reader) error {
	if err := a.background.err(); err != nil {
		return err
	}
	return a.replica.Current(ctx, f)
}

func (a *Authority) view(ctx context.Context, f func(store.Records) error) error {
	if err := a.background.err(); err != nil {
		return err
	}
	return a.store.View(ctx, f)
}

func (a *Authority) update(ctx context.Context, f func(store.Records) error) error {
	if err := a.background.err(); err != nil {
		return err
	}
	return a.store.Update(ctx, f)
}

// now returns the time in the form in which stores keep times.
func (a *Authority) now() time.Time { return instant(a.clock.Now().Time) }

func (c Config) withDefaults() (Config, error) {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Administer = cmp.Or(c.Administer, "rbac.administer")
	c.Protected = slices.Clone(c.Protected)
	errs := []error{validName("config", "Administer", c.Administer)}
	for _, name := range c.Protected {
		errs = append(errs, validName("config", "Protected", name))
	}
	errs = append(errs, between("RememberLimit", &c.RememberLimit, max(30*24*time.Hour, c.AbsoluteLimit), time.Minute, 100*365*24*time.Hour))
	errs = append(errs,
		between("RememberIdle", &c.RememberIdle, min(max(14*24*time.Hour, c.IdleLimit), c.RememberLimit), time.Minute, c.RememberLimit),
		between("MaxStaleness", &c.MaxStaleness, time.Second, 10*time.Millisecond, time.Hour),
		between("LockTimeout", &c.LockTimeout, 30*time.Second, 10*time.Millisecond, time.Hour),
		between("KeepChanges", &c.KeepChanges, 90*24*time.Hour, time.Hour, 100*365*24*time.Hour),
		between("IdleLimit", &c.IdleLimit, time.Hour, time.Minute, 100*365*24*time.Hour),
		between("AbsoluteLimit", &c.AbsoluteLimit, 12*time.Hour, time.Minute, 100*365*24*time.Hour),
		between("MaxTickets", &c.MaxTickets, 20, 1, 10_000),
		between("MaxFailures", &c.MaxFailures, 100, 1, 1000),
		between("MinPassword", &c.MinPassword, 15, 1, 256), // NIST SP 800-63B-4 §3.1.1.2, single-factor use,
		between("CachedTickets", &c.CachedTickets, 10_000, 1, 1<<30),
		between("CachedUsers", &c.CachedUsers, 10_000, 1, 1<<30))
	return c, errors.Join(errs...)
}

// between replaces a zero setting by its default and refuses a setting out of
// bounds.
func between[T int | time.Duration](field string, value *T, zero, least, most T) error {
	if *value == 0 {
		*value = zero
	}
	if *value < least || *value > most {
		reason := fmt.Sprintf("%v is not between %v and %v", *value, least, most)
		return invalid("config", "", field, reason)
	}
	return nil
}
