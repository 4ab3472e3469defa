package replica_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

var ctx = context.Background()

const maxStaleness = time.Minute

// fixture is a Replica on a store that counts Views, with a clock and a cache
// that the test sees.
type fixture struct {
	store.Store
	t       *testing.T
	replica *replica.Replica
	now     atomic.Pointer[time.Time]
	views   atomic.Int64
	inView  func() // called in each View, after f
	down    bool
	evicted []uuid.UUID
	all     int // calls of EvictAll
}

var errDown = errors.New("down")

func (f *fixture) View(ctx context.Context, work func(store.Records) error) error {
	f.views.Add(1)
	if f.down {
		return errors.Join(store.ErrUnavailable, errDown)
	}
	return f.Store.View(ctx, func(r store.Records) error {
		err := work(r)
		if f.inView != nil {
			f.inView()
		}
		return err
	})
}

func (f *fixture) Evict(user uuid.UUID) { f.evicted = append(f.evicted, user) }

func (f *fixture) EvictAll() { f.all++ }

func newFixture(t *testing.T) *fixture {
	f := &fixture{Store: memorystore.New(), t: t}
	f.advance(0)
	f.replica = replica.New(replica.Config{Store: waitlimit.New(f, time.Minute, slog.New(slog.DiscardHandler)), Cache: f,
		Clock: clock.New(func() time.Time { return *f.now.Load() }), Log: slog.New(slog.DiscardHandler), MaxStaleness: maxStaleness})
	f.must(f.replica.Current(ctx, func(store.Records, *replica.State) error { return nil }))
	f.must(f.replica.Poll(ctx))
	f.views.Store(0)
	f.evicted, f.all = nil, 0
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) advance(by time.Duration) {
	now := time.Date(2031, time.March, 3, 9, 0, 0, 0, time.UTC)
	if last := f.now.Load(); last != nil {
		now = last.Add(by)
	}
	f.now.Store(&now)
}

// commit writes changes under the next revision, as another Authority does.
func (f *fixture) commit(changes ...store.Change) (from, to store.Head) {
	f.t.Helper()
	f.must(f.Store.Update(ctx, func(r store.Records) (err error) {
		if from, err = r.Head(store.ExclusiveLock); err != nil {
			return err
		}
		to = store.Head{Revision: from.Revision + 1, Nonce: from.Nonce + 7}
		for i, c := range changes {
			c.Revision, c.Seq, c.Nonce, c.At = to.Revision, i, to.Nonce, *f.now.Load()
			if c.Action == "AddGroup" {
				err = errors.Join(err, r.PutGroup(store.Group{ID: c.SubjectID, Name: c.Subject}))
			}
			err = errors.Join(err, r.AddChange(c))
		}
		return errors.Join(err, r.SetHead(to))
	}))
	return from, to
}

func addGroup(name string) store.Change {
	id := uuid.NewSHA1(uuid.Nil, []byte(name))
	after, _ := json.Marshal(map[string]any{"id": id, "name": name})
	return store.Change{Action: "AddGroup", Subject: name, SubjectID: id, After: after}
}

// ready calls Ready and reports how often it asked the store.
func (f *fixture) ready() (asked int64, err error) {
	before := f.views.Load()
	_, _, err = f.replica.Ready(ctx, 0)
	return f.views.Load() - before, err
}

// A lease lasts from the question for MaxStaleness. Then the store is asked,
// and if it does not answer, there is no answer.
func TestLease(t *testing.T) {
	f := newFixture(t)
	for _, step := range []struct {
		after time.Duration
		down  bool
		asked int64
		err   error
	}{
		{0, false, 0, nil},
		{maxStaleness - 1, true, 0, nil},
		{1, true, 1, store.ErrUnavailable},
		{0, true, 1, store.ErrUnavailable},
		{0, false, 1, nil},
		{maxStaleness - 1, true, 0, nil},
		{-2 * time.Hour, true, 0, nil}, // a clock that is set back; by the monotonic clock no time has passed
		{4 * time.Hour, true, 1, store.ErrUnavailable},
	} {
		f.advance(step.after)
		f.down = step.down
		if asked, err := f.ready(); asked != step.asked || !errors.Is(err, step.err) {
			t.Errorf("%+v: asked the store %d times, %v", step, asked, err)
		}
	}
}

// A poll that began before the lease was given up does not renew the lease.
func TestPollFromBeforeTheLeaseWasGivenUp(t *testing.T) {
	f := newFixture(t)
	f.inView = f.replica.GiveUpLease
	f.must(f.replica.Poll(ctx))
	f.inView = nil
	for _, want := range []int64{1, 0} {
		if asked, err := f.ready(); asked != want || err != nil {
			t.Errorf("asked the store %d times, %v; want %d", asked, err, want)
		}
	}
}

// The state follows the store: by changes if they lead to its head without a
// gap, otherwise by a reload that evicts every user.
func TestFollow(t *testing.T) {
	amy, group := uuid.UUID{1}, addGroup("staff")
	assign := store.Change{Action: "AssignUser", Subject: "amy", SubjectID: amy}
	for rule, c := range map[string]struct {
		do      func(f *fixture)
		evicted []uuid.UUID
		all     int
	}{
		"nothing new":                {func(*fixture) {}, nil, 0},
		"a change of the policy":     {func(f *fixture) { f.commit(group) }, nil, 0},
		"changes of a user in a row": {func(f *fixture) { f.commit(group, assign); f.commit(assign) }, []uuid.UUID{amy}, 0},
		"a change without its user":  {func(f *fixture) { f.commit(group, store.Change{Action: "AssignUser"}) }, nil, 1},
		"a change of unknown action": {func(f *fixture) { f.commit(group, store.Change{Action: "Knight"}) }, nil, 1},
		"a gap": {func(f *fixture) {
			f.commit(group)
			f.commit(assign)
			f.must(f.Store.Update(ctx, func(r store.Records) error { _, err := r.DeleteChanges(f.now.Load().Add(1), 1); return err }))
		}, nil, 1},
		"another history": {func(f *fixture) {
			f.must(f.replica.Poll(ctx))
			f.must(f.Store.Update(ctx, func(r store.Records) error { return r.SetHead(store.Head{Revision: 1, Nonce: 99}) }))
		}, nil, 1},
	} {
		t.Run(rule, func(t *testing.T) {
			f := newFixture(t)
			f.commit(store.Change{Action: "AddUser", Subject: "amy", SubjectID: amy})
			f.must(f.replica.Poll(ctx))
			f.evicted, f.all = nil, 0
			c.do(f)
			f.must(f.replica.Poll(ctx))
			if !slices.Equal(f.evicted, c.evicted) || f.all != c.all {
				t.Errorf("evicted %v, and all %d times; want %v and %d", f.evicted, f.all, c.evicted, c.all)
			}
			f.must(f.replica.Current(ctx, func(r store.Records, st *replica.State) error {
				groups, err := r.Groups()
				if n := st.CountGroups(); n != len(groups) {
					t.Errorf("%d groups, the store has %d", n, len(groups))
				}
				return err
			}))
		})
	}
}

// An Update of this Authority moves the state without a question, and renews
// the lease from before the Update.
func TestAdvance(t *testing.T) {
	f := newFixture(t)
	asked := clock.New(func() time.Time { return *f.now.Load() }).Now()
	f.advance(maxStaleness / 2)
	change := addGroup("staff")
	var changes replica.Changes
	changes.From, changes.To = f.commit(change)
	changes.Add(change)
	moved := f.replica.NextMove()
	f.replica.Advance(asked, &changes)
	select {
	case <-moved:
	default:
		t.Error("nobody was told")
	}
	if st := f.replica.State(); !st.At(changes.To) || st.Policy.Group("staff") == nil || f.views.Load() != 0 {
		t.Errorf("at %v, %d questions to the store", st.Head, f.views.Load())
	}
	for _, want := range []int64{0, 1} {
		if asked, err := f.ready(); asked != want || err != nil {
			t.Errorf("asked the store %d times, %v; want %d", asked, err, want)
		}
		f.advance(maxStaleness / 2)
	}
}

// An Update from elsewhere than the state gives up the lease.
func TestAdvanceFromElsewhere(t *testing.T) {
	f := newFixture(t)
	f.commit(addGroup("first"))
	change := addGroup("second")
	var changes replica.Changes
	changes.From, changes.To = f.commit(change)
	changes.Add(change)
	f.replica.Advance(clock.System.Now(), &changes)
	if got := f.replica.Revision(); got != changes.To.Revision {
		t.Errorf("revision %d, want %d", got, changes.To.Revision)
	}
	if asked, err := f.ready(); asked == 0 || err != nil || !f.replica.State().At(changes.To) {
		t.Errorf("asked the store %d times, %v, at %v", asked, err, f.replica.State().Head)
	}
}

// Records are cached only while the state at which they were read is the state.
func TestKeep(t *testing.T) {
	f := newFixture(t)
	for _, want := range []bool{true, false} {
		kept, st := false, f.replica.State()
		if !want {
			f.commit(addGroup("staff"))
			f.must(f.replica.Poll(ctx))
		}
		f.replica.Keep(st, func() { kept = true })
		if kept != want || f.replica.Is(st) != want {
			t.Errorf("kept %t, want %t", kept, want)
		}
	}
}
