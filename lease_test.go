package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// unplugged is a store that can be down, or hang, and can return its head in
// spite of a flood.
type unplugged struct {
	rbac.Store
	down, hangs atomic.Bool
	inside      atomic.Int64 // waiting lookups
	most        atomic.Int64
	gate        chan struct{} // nil: open
}

func (s *unplugged) View(ctx context.Context, f func(store.Records) error) error {
	if err := s.fail(ctx); err != nil {
		return err
	}
	return s.Store.View(ctx, func(r store.Records) error {
		return f(gatedRecords{r, s})
	})
}

func (s *unplugged) Update(ctx context.Context, f func(store.Records) error) error {
	if err := s.fail(ctx); err != nil {
		return err
	}
	return s.Store.Update(ctx, f)
}

func (s *unplugged) ReadHead(ctx context.Context) (head store.Head, err error) {
	if err := s.fail(ctx); err != nil {
		return head, err
	}
	if h, ok := s.Store.(store.HeadReader); ok {
		return h.ReadHead(ctx)
	}
	err = s.Store.View(ctx, func(r store.Records) (err error) { head, err = r.Head(store.NoLock); return err })
	return head, err
}

func (s *unplugged) fail(ctx context.Context) error {
	if s.hangs.Load() {
		<-ctx.Done()
	} else if !s.down.Load() {
		return nil
	}
	return errFault
}

// What the documentation promises.
const (
	maxLookups = 32                    // that wait for the store at once
	pollGap    = 10 * time.Millisecond // between two polls
)

type gatedRecords struct {
	store.Records
	s *unplugged
}

func (r gatedRecords) Ticket(k store.TicketKey) (store.Ticket, error) {
	if r.s.gate != nil {
		n := r.s.inside.Add(1)
		for m := r.s.most.Load(); n > m && !r.s.most.CompareAndSwap(m, n); m = r.s.most.Load() {
		}
		<-r.s.gate
		r.s.inside.Add(-1)
	}
	return r.Records.Ticket(k)
}

// A change by another Authority is seen within MaxStaleness, and at once by
// callers that ask for the revision.
func TestStaleness(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		b := h.office(rbac.Config{})
		tok := h.issue(b, rbac.Login{User: "amy"})
		for name, ask := range map[string]func(a *rbac.Authority) (context.Context, bool){
			"before":       func(*rbac.Authority) (context.Context, bool) { return ctx, true },
			"AtLeast":      func(*rbac.Authority) (context.Context, bool) { return rbac.AtLeast(ctx, b.Revision()), false },
			"MaxStaleness": func(*rbac.Authority) (context.Context, bool) { h.clock.Advance(time.Minute); return ctx, false },
			"its own change": func(a *rbac.Authority) (context.Context, bool) {
				h.do(a, addGroup(rbac.Group{Name: fmt.Sprint("g", b.Revision())}))
				return ctx, false
			},
		} {
			h := &house{t: t, clock: h.clock, store: struct{ rbac.Store }{h.store}} // without hints
			h.do(b, func(tx *rbac.Tx) error {
				return tx.GrantPermission(rbac.Grant{Group: "editors", Permission: "post.edit"})
			})
			a := h.open(rbac.Config{MaxStaleness: time.Minute})
			must(t, a.Judge(ctx, tok, rbac.HasPermission("post.edit")))
			h.do(b, revoke("editors", "post.edit"))
			under, stale := ask(a)
			for range 2 {
				if err := a.Judge(under, tok, rbac.HasPermission("post.edit")); (err == nil) != stale {
					t.Errorf("%s: %v; want allowed %t", name, err, stale)
				}
			}
			if !stale && a.Revision() < b.Revision() {
				t.Errorf("%s: at revision %v, the change was made at %v", name, a.Revision(), b.Revision())
			}
		}
	})
}

// While its store is down, an Authority answers from memory for MaxStaleness,
// then not at all, and answers again when the store is back.
func TestStoreDown(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := &unplugged{Store: h.store}
		h.store = store
		a := h.office(rbac.Config{MaxStaleness: time.Second})
		tok := h.issue(a, rbac.Login{User: "amy"})
		ask := func() error { return a.Judge(ctx, tok, rbac.HasPermission("post.edit")) }
		must(t, ask())
		must(t, second(a.Identity(ctx, "amy")))
		must(t, a.Poll(ctx))
		store.down.Store(true)
		for _, step := range []struct {
			after time.Duration
			want  error
		}{{500 * time.Millisecond, nil}, {499 * time.Millisecond, nil}, {time.Millisecond, rbac.ErrUnavailable}, {time.Hour / 2, rbac.ErrUnavailable}} {
			h.clock.Advance(step.after)
			for _, err := range []error{ask(), second(a.Identify(ctx, rbac.Token{})), second(a.Identity(ctx, "amy"))} {
				if !errors.Is(err, step.want) || errors.Is(err, rbac.ErrDenied) {
					t.Errorf("after %v more: %v; want %v", step.after, err, step.want)
				}
			}
		}
		store.down.Store(false)
		if err := ask(); err != nil {
			t.Errorf("when it works again: %v", err)
		}
	})
}

func second[R any](_ R, err error) error { return err }

// A process that was paused for longer than the lease looks at the store before
// the next answer.
func TestPausedProcess(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		b := h.office(rbac.Config{})
		h.store = struct{ rbac.Store }{h.store}
		a := h.open(rbac.Config{MaxStaleness: time.Hour})
		tok := h.issue(b, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(100 * time.Hour)})
		must(t, a.Judge(ctx, tok, rbac.HasPermission("post.edit")))
		h.do(b, revoke("editors", "post.edit"))
		h.clock.Advance(time.Hour)
		if err := a.Judge(ctx, tok, rbac.HasPermission("post.edit")); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("after the pause: %v", err)
		}
	})
}

// A store that hangs holds up no caller for longer than MaxStaleness.
func TestStoreHangs(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := &unplugged{Store: h.store}
		h.store = store
		a := h.office(rbac.Config{MaxStaleness: promptly})
		tok := h.issue(a, rbac.Login{User: "amy"})
		store.hangs.Store(true)
		h.clock.Advance(2 * promptly)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if err := a.Judge(ctx, tok, rbac.NotAnonymous()); !errors.Is(err, rbac.ErrUnavailable) {
					t.Errorf("%v; want ErrUnavailable", err)
				}
			})
		}
		all.Wait()
		store.hangs.Store(false)
		must(t, a.Close()) // before the store
	})
}

// The lookups of a flood of made-up tokens reach the store a few at a time, and
// delay nobody else's answer.
func TestFloodOfTokens(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := &unplugged{Store: h.store}
		h.store = store
		a := h.office(rbac.Config{MaxStaleness: time.Minute})
		tok := h.issue(a, rbac.Login{User: "amy"})
		must(t, a.Judge(ctx, tok, rbac.NotAnonymous()))
		store.gate = make(chan struct{})
		var flood sync.WaitGroup
		made := unknownToken(t)
		for range 200 {
			flood.Go(func() {
				if _, err := a.Identify(ctx, made); !errors.Is(err, rbac.ErrNoTicket) {
					t.Errorf("a made-up token: %v", err)
				}
			})
		}
		for store.inside.Load() == 0 { // until the flood has begun
			h.clock.Advance(0)
		}
		// the lease ends and is renewed; the cached ticket is still trusted
		h.clock.Advance(90 * time.Second)
		if err := a.Judge(ctx, tok, rbac.NotAnonymous()); err != nil {
			t.Errorf("a user meanwhile: %v", err)
		}
		close(store.gate)
		flood.Wait()
		if most := store.most.Load(); most == 0 || most > maxLookups {
			t.Errorf("%d lookups at once; want 1 to %d", most, maxLookups)
		}
	})
}

// AtLeast waits for a revision as long as its context lasts.
func TestAtLeast(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxStaleness: time.Minute})
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		_, err := a.Identify(rbac.AtLeast(short, a.Revision()+1), rbac.Token{})
		if !errors.Is(err, rbac.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a revision that never comes: %v", err)
		}
		waited := make(chan error)
		next := a.Revision() + 1
		go func() { waited <- second(a.Identify(rbac.AtLeast(rbac.AtLeast(ctx, next), 1), rbac.Token{})) }()
		h.do(a, addGroup(rbac.Group{Name: "new"}))
		must(t, <-waited)
		if r, err := rbac.ParseRevision(next.String()); r != next || err != nil {
			t.Errorf("%v, %v", r, err)
		}
		for _, text := range []string{"", "-1", "+1", "01", "1 ", "x", "18446744073709551616"} {
			if r, err := rbac.ParseRevision(text); !errors.Is(err, rbac.ErrInvalid) || r != 0 {
				t.Errorf("%q: %v, %v", text, r, err)
			}
		}
	})
}

// Made-up revisions do not keep the store busy, however many arrive.
func TestMadeUpRevisions(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := &counted{unplugged: &unplugged{Store: h.store}}
		h.store = store
		a := h.office(rbac.Config{MaxStaleness: time.Hour})
		before, began := store.heads.Load(), time.Now()
		for i := range rbac.Revision(300) {
			short, cancel := context.WithTimeout(ctx, time.Millisecond)
			if _, err := a.Identify(rbac.AtLeast(short, a.Revision()+1+i), rbac.Token{}); !errors.Is(err, rbac.ErrUnavailable) {
				t.Errorf("a revision that never comes: %v", err)
			}
			cancel()
		}
		most := 2 + int64(time.Since(began)/pollGap)
		if polls := store.heads.Load() - before; polls == 0 || polls > most {
			t.Errorf("the store was asked %d times; want 1 to %d", polls, most)
		}
	})
}

// counted is a store that counts calls.
type counted struct {
	*unplugged
	heads   atomic.Int64
	endless atomic.Int64 // Views without a deadline
}

func (s *counted) ReadHead(ctx context.Context) (store.Head, error) {
	s.heads.Add(1)
	return s.unplugged.ReadHead(ctx)
}

func (s *counted) View(ctx context.Context, f func(store.Records) error) error {
	if _, ok := ctx.Deadline(); !ok {
		s.endless.Add(1)
	}
	return s.unplugged.View(ctx, f)
}

// Lookups end, also for callers who would wait for ever: a hanging lookup would
// keep its place from all callers.
func TestLookupsEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := &counted{unplugged: &unplugged{Store: h.store}}
		b := h.office(rbac.Config{})
		tok := h.issue(b, rbac.Login{User: "amy"})
		h.store = store
		a := h.open(rbac.Config{MaxStaleness: time.Minute})
		store.endless.Store(0) // Open takes the time that its caller grants
		must(t, a.Judge(ctx, tok, rbac.NotAnonymous()))
		must(t, second(a.Identity(ctx, "amy")))
		must(t, second(a.IdentityBySubject(ctx, "sub|amy")))
		if n := store.endless.Load(); n != 0 {
			t.Errorf("%d of the lookups have no end", n)
		}
	})
}

// A caller that waited for a revision is answered by the time at which the
// revision arrived.
func TestAtLeastTakesTime(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxStaleness: time.Hour})
		tok := h.issue(a, rbac.Login{User: "amy", Expires: h.clock.Now().Add(10 * time.Minute)})
		must(t, second(a.Identify(ctx, tok)))
		waited, waits := make(chan error, 1), make(chan struct{})
		next := a.Revision() + 1
		go func() { waited <- second(a.Identify(rbac.AtLeast(waitingContext{ctx, waits}, next), tok)) }()
		<-waits
		h.clock.Advance(10 * time.Minute)
		h.do(a, func(tx *rbac.Tx) error { return tx.SetPasswordHash("nora", someHash) })
		if err := <-waited; !errors.Is(err, rbac.ErrNoTicket) {
			t.Errorf("the ticket has ended meanwhile: %v", err)
		}
	})
}

// waitingContext signals when a caller waits for its end.
type waitingContext struct {
	context.Context
	waits chan struct{}
}

func (c waitingContext) Done() <-chan struct{} {
	select {
	case <-c.waits:
	default:
		close(c.waits)
	}
	return c.Context.Done()
}

// Revision is at least the revision of each change made through the Authority,
// even while a View that began before the change reloads the policy.
func TestRevisionOfTheOwnChange(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	store := &slow{Store: h.store}
	b := h.office(rbac.Config{})
	h.store = store
	a := h.open(rbac.Config{MaxStaleness: time.Hour})
	h.do(b, addGroup(rbac.Group{Name: "first"})) // the View of a reads this change
	var made rbac.Revision
	store.next(func() {
		h.do(a, addGroup(rbac.Group{Name: "second"}))
		made = a.Revision()
	})
	_, _ = a.Identity(ctx, "nora") // cold cache: a View, overtaken by a's own Update
	if got := a.Revision(); made == 0 || got < made {
		t.Errorf("after a change at %v the revision is %v", made, got)
	}
}
