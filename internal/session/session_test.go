package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/session"
	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

var (
	ctx      = context.Background()
	errFault = errors.New("the store is full")
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// viewed is a store that counts Views, and refuses Updates while it is full.
type viewed struct {
	store.Store
	views atomic.Int64
	full  atomic.Bool
}

func (s *viewed) View(ctx context.Context, f func(store.Records) error) error {
	s.views.Add(1)
	return s.Store.View(ctx, f)
}

func (s *viewed) Update(ctx context.Context, f func(store.Records) error) error {
	if s.full.Load() {
		return errFault
	}
	return s.Store.Update(ctx, f)
}

// fixture is a Manager on a store in memory with the user amy, who belongs to
// the group staff.
type fixture struct {
	*session.Manager
	t       testing.TB
	store   *viewed
	replica *replica.Replica
	now     func() time.Time
	amy     uuid.UUID
	issued  byte
	made    int // Identities
}

// identity is an Identity of the tests.
type identity struct {
	name   string
	groups int
	policy *policy.Policy
}

// newFixture returns a Manager whose caches hold at most that many users and
// tickets.
func newFixture(t testing.TB, now func() time.Time, most int) *fixture {
	t.Helper()
	f := &fixture{t: t, store: &viewed{Store: memorystore.New()}, now: now, amy: uuid.UUID{1}}
	must(t, f.store.Update(ctx, func(r store.Records) error {
		return errors.Join(
			r.PutGroup(store.Group{ID: uuid.UUID{9}, Name: "staff", Created: now()}),
			r.AddUser(store.UserRecord{User: store.User{ID: f.amy, Name: "amy", Subject: "sub|amy", Created: now()}}),
			r.PutMembership(store.Membership{User: f.amy, Group: uuid.UUID{9}, AssignedAt: now()}))
	}))
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	limited := waitlimit.New(f.store, time.Minute, log)
	cache, c := session.NewCache(most, most), clock.New(now)
	f.replica = replica.New(replica.Config{Store: limited, Cache: cache, Clock: c, Log: log, MaxStaleness: time.Hour})
	f.Manager = session.New(session.Config{
		Store: limited, Replica: f.replica, Cache: cache, Clock: c, Log: log,
		KeepChanges: time.Hour, MaxStaleness: time.Hour,
		EndOld: func(context.Context) error { return nil },
		Maker: session.Maker{
			Anonymous: func(p *policy.Policy) any { f.made++; return &identity{"", 0, p} },
			User: func(p *policy.Policy, u *session.User, in policy.Assigned, _ *store.Ticket) any {
				f.made++
				return &identity{u.Name(), len(in.In("")), p}
			},
		},
	})
	must(t, f.Start(ctx))
	return f
}

// issue adds a ticket of amy that ends after ten hours, or after an idle hour.
func (f *fixture) issue() store.TokenHash {
	f.t.Helper()
	f.issued++
	t := store.Ticket{ID: uuid.UUID{2, f.issued}, User: f.amy, Hash: store.TokenHash{f.issued},
		Created: f.now(), LastSeen: f.now(), Expires: f.now().Add(10 * time.Hour), Idle: time.Hour}
	must(f.t, f.store.Store.Update(ctx, func(r store.Records) error { return r.AddTicket(t) }))
	return t.Hash
}

// identify identifies a ticket as a call that begins now.
func (f *fixture) identify(hash store.TokenHash) (*identity, *session.Ticket, error) {
	f.t.Helper()
	st, asked, err := f.replica.Ready(ctx, 0)
	must(f.t, err)
	id, t, _, err := f.Identify(ctx, st, hash, asked)
	kept, _ := id.(*identity)
	return kept, t, err
}

// addGroup adds a group, as an Update of another process does, and moves the
// Replica.
func (f *fixture) addGroup(name string) {
	f.t.Helper()
	g := store.Group{ID: uuid.NewSHA1(uuid.Nil, []byte(name)), Name: name, Created: f.now()}
	after, err := json.Marshal(g)
	must(f.t, err)
	must(f.t, f.store.Store.Update(ctx, func(r store.Records) error {
		head, err := r.Head(store.ExclusiveLock)
		if err != nil {
			return err
		}
		head = store.Head{Revision: head.Revision + 1, Nonce: head.Nonce + 1}
		return errors.Join(r.PutGroup(g), r.SetHead(head), r.AddChange(store.Change{
			Revision: head.Revision, Nonce: head.Nonce, At: g.Created,
			Action: "AddGroup", Subject: name, SubjectID: g.ID, After: after}))
	}))
	must(f.t, f.replica.Poll(ctx))
}

// expect identifies tickets, and compares the error.
func (f *fixture) expect(want error, hashes ...store.TokenHash) {
	f.t.Helper()
	for i, hash := range hashes {
		if _, _, err := f.identify(hash); !errors.Is(err, want) {
			f.t.Errorf("ticket %d of %d: %v; want %v", i, len(hashes), err, want)
		}
	}
}

// testClock is a clock that a test moves.
type testClock struct{ atomic.Int64 }

func newClock() *testClock {
	c := &testClock{}
	c.Store(time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *testClock) now() time.Time { return time.UnixMicro(c.Load()).UTC() }

func (c *testClock) advance(d time.Duration) { c.Add(d.Microseconds()) }

// A ticket and a user keep the Identities that were made of them.
func TestIdentitiesAreKept(t *testing.T) {
	clk := newClock()
	f := newFixture(t, clk.now, 10)
	hash := f.issue()
	first, _, err := f.identify(hash)
	must(t, err)
	if first.name != "amy" || first.groups != 1 {
		t.Fatalf("the Identity is %+v, want amy in one group", first)
	}
	st, asked, err := f.replica.Ready(ctx, 0)
	must(t, err)
	byName, err := f.IdentifyUser(ctx, st, store.Sought{User: "amy"}, asked)
	must(t, err)
	bySubject, err := f.IdentifyUser(ctx, st, store.Sought{Subject: "sub|amy"}, asked)
	must(t, err)
	nobody, views, made := f.Anonymous(st.Policy), f.store.views.Load(), f.made
	if made != 3 || byName != bySubject {
		t.Errorf("%d Identities were made, want one of the ticket, one of the user, one of nobody", made)
	}
	for range 3 {
		again, _, err := f.identify(hash)
		must(t, err)
		user, err := f.IdentifyUser(ctx, st, store.Sought{User: "amy"}, asked)
		must(t, err)
		if again != first || user != byName || f.Anonymous(st.Policy) != nobody {
			t.Error("an Identity was made anew")
		}
	}
	if f.made != made || f.store.views.Load() != views {
		t.Errorf("%d Identities were made and the store was asked %d times, for records that are cached",
			f.made-made, f.store.views.Load()-views)
	}
}

// A ticket that is unknown, or whose user is disabled, is not found; a disabled
// user is named.
func TestNotFound(t *testing.T) {
	clk := newClock()
	f := newFixture(t, clk.now, 10)
	hash := f.issue()
	f.expect(store.ErrNotFound, store.TokenHash{200})
	must(t, f.store.Update(ctx, func(r store.Records) error {
		u, err := r.User(store.UserKey{ID: f.amy})
		u.Disabled = true
		return errors.Join(err, r.SetUser(u))
	}))
	f.expect(store.ErrNotFound, hash)
	st, asked, err := f.replica.Ready(ctx, 0)
	must(t, err)
	_, err = f.IdentifyUser(ctx, st, store.Sought{Subject: "sub|amy"}, asked)
	if off, ok := errors.AsType[*session.DisabledError](err); !ok || off.Name != "amy" {
		t.Errorf("a disabled user: %v; want a DisabledError of amy", err)
	}
	if _, err = f.IdentifyUser(ctx, st, store.Sought{User: "bob"}, asked); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown user: %v; want ErrNotFound", err)
	}
}

// New tickets are cached, although the cache is full of others.
func TestFullCachesTurnOver(t *testing.T) {
	const most = 20
	clk := newClock()
	f := newFixture(t, clk.now, most)
	for range most {
		f.expect(nil, f.issue())
	}
	var hashes []store.TokenHash
	for range most / 2 {
		hashes = append(hashes, f.issue())
	}
	for round := range 3 {
		before := f.store.views.Load()
		f.expect(nil, hashes...)
		if views := f.store.views.Load() - before; round > 0 && views > 0 {
			t.Errorf("round %d: %d of %d tickets were read from the store again", round, views, len(hashes))
		}
	}
}

// Tickets that were found past their limit stay dead when the clock is set back,
// although many others were found dead before.
func TestLaterEndedTicketsAreRemembered(t *testing.T) {
	const most = 50
	clk := newClock()
	f := newFixture(t, clk.now, most)
	issued := func(n int) (hashes []store.TokenHash) {
		for range n {
			hashes = append(hashes, f.issue())
		}
		return hashes
	}
	first := issued(2 * most)
	clk.advance(100 * time.Hour)
	f.expect(store.ErrNotFound, first...)
	later := issued(most)
	clk.advance(100 * time.Hour)
	f.expect(store.ErrNotFound, later...)
	clk.advance(-100 * time.Hour)
	f.expect(store.ErrNotFound, later...)
}

// The row of a ticket is looked up again after a write of uses has failed.
func TestRowIsLookedUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, time.Now, 10)
		running, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { f.Run(running); close(ended) }()
		defer func() { stop(); <-ended }()
		hash := f.issue()
		f.expect(nil, hash)
		must(t, f.store.Store.Update(ctx, func(r store.Records) error { return r.DeleteTicket(uuid.UUID{2, f.issued}) }))
		asked := func(duration time.Duration) (err error) {
			for range duration / (100 * time.Millisecond) {
				if _, _, err = f.identify(hash); err != nil {
					return err
				}
				time.Sleep(100 * time.Millisecond)
			}
			return nil
		}
		time.Sleep(62 * time.Second)
		f.store.full.Store(true)
		if err := asked(3 * time.Second); err != nil {
			t.Fatalf("while nothing can be written: %v", err)
		}
		f.store.full.Store(false)
		if err := asked(5 * time.Second); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("5 s after the store can be written to, the ticket without a row: %v; want ErrNotFound", err)
		}
	})
}

// A use is due a minute after the last use was noted, and is written once.
func TestUses(t *testing.T) {
	clk := newClock()
	f := newFixture(t, clk.now, 10)
	hash := f.issue()
	lastSeen := func() (at time.Time) {
		must(t, f.Flush(ctx))
		must(t, f.store.Store.View(ctx, func(r store.Records) error {
			rec, err := r.Ticket(store.TicketKey{Hash: hash})
			at = rec.LastSeen
			return err
		}))
		return at
	}
	_, ticket, err := f.identify(hash)
	must(t, err)
	first := clk.now()
	for _, c := range []struct {
		after time.Duration
		due   bool
	}{{59 * time.Second, false}, {time.Second, true}, {30 * time.Second, false}, {30 * time.Second, true}} {
		clk.advance(c.after)
		if due := ticket.UseDue(clk.now()); due != c.due {
			t.Errorf("after %v: due is %t", clk.now().Sub(first), due)
		}
		f.NoteUse(ticket, clk.now())
		if seen := lastSeen(); seen.Equal(clk.now()) != c.due {
			t.Errorf("after %v: last seen %v", clk.now().Sub(first), seen)
		}
	}
}

// Users and tickets that are no longer used keep no old policies in memory,
// however often the policy changed.
func TestCachesKeepNoOldPolicy(t *testing.T) {
	clk := newClock()
	f := newFixture(t, clk.now, 10)
	var old []weak.Pointer[policy.Policy]
	for i := range 5 {
		st, asked, err := f.replica.Ready(ctx, 0)
		must(t, err)
		f.expect(nil, f.issue())
		_, err = f.IdentifyUser(ctx, st, store.Sought{User: "amy"}, asked)
		must(t, err)
		f.Anonymous(st.Policy)
		old = append(old, weak.Make(st.Policy))
		f.addGroup(fmt.Sprint("group", i))
	}
	last := weak.Make(f.replica.State().Policy)
	kept := func() (n int) {
		runtime.GC()
		for _, p := range old {
			if p.Value() != nil {
				n++
			}
		}
		return n
	}
	if kept() == 0 {
		t.Error("no old policy is kept by an Identity; the test proves nothing")
	}
	f.DropOldIdentities()
	if n := kept(); n > 0 || last.Value() == nil {
		t.Errorf("%d old policies of %d are in memory, and the last: %t", n, len(old), last.Value() != nil)
	}
	runtime.KeepAlive(f)
}
