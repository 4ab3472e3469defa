package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// faultyStore is a store with one fault.
type faultyStore struct {
	fault  string // completes the phrase: a store where …
	caught string // the subtest that must fail
	open   func(store.Store) store.Store
}

var faultyStores = []faultyStore{
	{"f's error commits", "update error", updates(func(s store.Store, ctx context.Context, f func(store.Records) error) error {
		var err error
		if failed := s.Update(ctx, func(r store.Records) error { err = f(r); return nil }); failed != nil {
			return failed
		}
		return err
	})},
	{"f's error is wrapped", "update error", updates(func(s store.Store, ctx context.Context, f func(store.Records) error) error {
		if err := s.Update(ctx, f); err != nil {
			return fmt.Errorf("update: %w", err)
		}
		return nil
	})},
	{"a panic commits", "panic", updates(func(s store.Store, ctx context.Context, f func(store.Records) error) (err error) {
		var thrown any
		err = s.Update(ctx, func(r store.Records) error {
			defer func() { thrown = recover() }()
			return f(r)
		})
		if thrown != nil {
			panic(thrown)
		}
		return err
	})},
	{"a panic is swallowed", "panic", updates(func(s store.Store, ctx context.Context, f func(store.Records) error) (err error) {
		defer func() { _ = recover() }()
		return s.Update(ctx, f)
	})},
	{"a context that ended before is ignored", "context before", anyContext},
	{"a context that ends in the middle is ignored", "context in the middle", anyContext},
	{"a context that ends in a View is ignored", "context in a view", anyContext},
	{"a context that ends in a listing is ignored", "context in a listing", anyContext},
	{"a context that ends last is ignored", "context at the end", anyContext},
	{"waiting ignores the context", "context while waiting", anyContext},
	{"waiting for a connection ignores the context", "context while waiting to read", func(s store.Store) store.Store { return crowded{s, make(chan struct{}, 4)} }},
	{"a commit that waits ignores the context", "context while waiting to commit", func(s store.Store) store.Store { return &polite{Store: s} }},
	{"Close does nothing", "close", func(s store.Store) store.Store { return &unclosed{s} }},

	{"a fault does not spoil", "faults spoil", records(func(s *faulty, r store.Records) store.Records { return forgiving{r} })},
	{"DeleteUser cascades", "faults spoil", records(func(s *faulty, r store.Records) store.Records { return cascading{r} })},
	{"ErrNotFound spoils", "not found", updates(func(s store.Store, ctx context.Context, f func(store.Records) error) error {
		return s.Update(ctx, func(r store.Records) error {
			strict := &strict{Records: r}
			return errors.Join(f(strict), strict.failed)
		})
	})},
	{"a View writes", "view read only", records(func(s *faulty, r store.Records) store.Records { return lenient{r} })},
	{"Records live on", "dead records", records(func(s *faulty, r store.Records) store.Records { return undead{r, s.Store} })},
	{"a View sees two states", "view one state", records(func(s *faulty, r store.Records) store.Records { return fresh{r, s.Store} })},
	{"a listing sees two states", "view one state in listings", records(func(s *faulty, r store.Records) store.Records { return fresh{r, s.Store} })},
	{"a listing does not see its own Update", "listing own writes", records(func(s *faulty, r store.Records) store.Records { return fresh{r, s.Store} })},
	{"f does not read what it wrote", "update read your writes", records(func(s *faulty, r store.Records) store.Records { return fresh{r, s.Store} })},
	{"pages are read by offset", "listing under writes", records(func(s *faulty, r store.Records) store.Records { return byOffset{r} })},
	{"a listing stops after a page", "listing whole", records(func(s *faulty, r store.Records) store.Records { return onePage{r} })},
	{"a listing is dead silently", "listing dead", records(func(s *faulty, r store.Records) store.Records { return silent{r} })},

	{"an update of the head is lost", "two writers of the head", records(stale)},
	{"an update of a user is lost", "two writers of a user", records(stale)},
	{"an update of a throttle is lost", "two writers of a throttle", records(stale)},

	{"a slice leaks in", "copies in", records(func(s *faulty, r store.Records) store.Records { return leaking{r, s.shared, false} })},
	{"a slice leaks out", "copies out of tickets", records(func(s *faulty, r store.Records) store.Records { return leaking{r, s.shared, true} })},
	{"a text leaks in", "copies in of texts", records(func(s *faulty, r store.Records) store.Records { return lending{r, s.lent} })},
	{"JSON is compacted", "changes round trip", records(func(s *faulty, r store.Records) store.Records { return compacting{r} })},
	{"nil JSON comes back empty", "changes nil", records(func(s *faulty, r store.Records) store.Records { return compacting{r} })},
	{"the whole log is deleted", "changes deleted", records(func(s *faulty, r store.Records) store.Records { return compacting{r} })},
	{"newest first reverses the first", "changes query", records(func(s *faulty, r store.Records) store.Records { return compacting{r} })},

	{"a touch revives", "tickets touch deleted", records(func(s *faulty, r store.Records) store.Records { return reviving{r, s.tickets} })},
	{"a touch goes back", "tickets touch", records(func(s *faulty, r store.Records) store.Records { return reviving{r, s.tickets} })},
	{"narrowed to nothing is not narrowed", "tickets no groups", records(func(s *faulty, r store.Records) store.Records { return unnarrowed{r} })},
	{"dead tickets live a tick longer", "tickets dead", records(func(s *faulty, r store.Records) store.Records { return lasting{r} })},
	{"the limit of dead tickets is ignored", "tickets dead limit", records(func(s *faulty, r store.Records) store.Records { return lasting{r} })},
	{"the limit of old logins is ignored", "logins deleted", records(func(s *faulty, r store.Records) store.Records { return lasting{r} })},
	{"a login too many is kept", "logins capped", records(func(s *faulty, r store.Records) store.Records { return lasting{r} })},
	{"keys of values are found in any case", "ticket values round trip", records(func(s *faulty, r store.Records) store.Records { return valuing{r} })},
	{"values are listed backwards", "ticket values set", records(func(s *faulty, r store.Records) store.Records { return valuing{r} })},
	{"a value is deleted with all of its ticket", "ticket values delete", records(func(s *faulty, r store.Records) store.Records { return valuing{r} })},
	{"other groups lose the values", "ticket values stay", records(func(s *faulty, r store.Records) store.Records { return valuing{r} })},
	{"values outlive their ticket", "ticket values gone", records(func(s *faulty, r store.Records) store.Records { return outliving{r, s} })},
	{"a value revives its ticket", "ticket values against the end", records(func(s *faulty, r store.Records) store.Records { return outliving{r, s} })},
	{"a value without a ticket is set all the same", "not found", records(func(s *faulty, r store.Records) store.Records { return outliving{r, s} })},
	{"an update of values is lost", "ticket values lock", records(stale)},
	{"idle throttles live a tick shorter", "throttles idle", records(func(s *faulty, r store.Records) store.Records { return lasting{r} })},
	{"the limit of idle throttles is ignored", "throttles of nobody make room", records(func(s *faulty, r store.Records) store.Records { return lasting{r} })},

	{"SetUser writes LastLogin", "users set", records(func(s *faulty, r store.Records) store.Records { return careless{r} })},
	{"notes are trimmed", "users round trip", records(func(s *faulty, r store.Records) store.Records { return careless{r} })},
	{"1970 is no time", "users password and login", records(func(s *faulty, r store.Records) store.Records { return careless{r} })},
	{"names are found in any case", "users by key", records(func(s *faulty, r store.Records) store.Records { return careless{r} })},
	{"names are sorted in any case", "users order", records(func(s *faulty, r store.Records) store.Records { return careless{r} })},
	{"a membership ends before its end", "memberships filter", records(func(s *faulty, r store.Records) store.Records { return careless{r} })},
	{"the empty scope is listed", "scopes", records(func(s *faulty, r store.Records) store.Records { return careless{r} })},
	{"a membership counts at its end", "users filter", records(func(s *faulty, r store.Records) store.Records { return careless{r} })},
	{"the nonce loses its sign", "head round trip", records(func(s *faulty, r store.Records) store.Records { return careless{r} })},
	{"static and dynamic sets are confused", "separations set", records(func(s *faulty, r store.Records) store.Records { return confused{r} })},
	{"a set is listed once for each group", "separations", records(func(s *faulty, r store.Records) store.Records { return confused{r} })},
	{"a grant is found by its pattern", "grants", records(func(s *faulty, r store.Records) store.Records { return careless{r} })},
}

// faulty is a store whose transactions use faulty records.
type faulty struct {
	store.Store
	wrap    func(*faulty, store.Records) store.Records
	shared  map[uuid.UUID][]uuid.UUID
	lent    map[string]string
	tickets map[uuid.UUID]store.Ticket
	reads   int
}

func records(wrap func(*faulty, store.Records) store.Records) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		return &faulty{Store: s, wrap: wrap, shared: map[uuid.UUID][]uuid.UUID{}, lent: map[string]string{}, tickets: map[uuid.UUID]store.Ticket{}}
	}
}

func (s *faulty) View(ctx context.Context, f func(store.Records) error) error {
	return s.Store.View(ctx, func(r store.Records) error { return f(s.wrap(s, r)) })
}

func (s *faulty) Update(ctx context.Context, f func(store.Records) error) error {
	return s.Store.Update(ctx, func(r store.Records) error { return f(s.wrap(s, r)) })
}

// updating is a store with a faulty Update.
type updating struct {
	store.Store
	update func(store.Store, context.Context, func(store.Records) error) error
}

func updates(update func(store.Store, context.Context, func(store.Records) error) error) func(store.Store) store.Store {
	return func(s store.Store) store.Store { return &updating{s, update} }
}

func (s *updating) Update(ctx context.Context, f func(store.Records) error) error {
	return s.update(s.Store, ctx, f)
}

// timeless is a store that ignores every context.
type timeless struct{ store.Store }

func anyContext(s store.Store) store.Store { return timeless{s} }

func (s timeless) View(ctx context.Context, f func(store.Records) error) error {
	return s.Store.View(context.WithoutCancel(ctx), f)
}

func (s timeless) Update(ctx context.Context, f func(store.Records) error) error {
	return s.Store.Update(context.WithoutCancel(ctx), f)
}

type unclosed struct{ store.Store }

func (*unclosed) Close() error { return nil }

type forgiving struct{ store.Records }

func (r forgiving) AddInheritance(i store.Inheritance) error {
	list, err := r.Inheritances(store.InheritanceFilter(i))
	if err == nil && len(list) > 0 {
		return fmt.Errorf("inheritance is there: %w", store.ErrUnavailable)
	}
	return r.Records.AddInheritance(i)
}

type cascading struct{ store.Records }

func (r cascading) DeleteUser(id uuid.UUID) error {
	list, _ := r.UserMemberships(id)
	for _, m := range list {
		_ = r.DeleteMembership(id, m.Group, m.Scope)
	}
	return r.Records.DeleteUser(id)
}

type strict struct {
	store.Records
	failed error
}

func (r *strict) DeleteSection(name string) error {
	r.failed = r.Records.DeleteSection(name)
	return r.failed
}

type lenient struct{ store.Records }

func (r lenient) SetHead(h store.Head) error {
	if err := r.Records.SetHead(h); err != store.ErrReadOnly {
		return err
	}
	return nil
}

type undead struct {
	store.Records
	store store.Store
}

func (r undead) Head(lock store.Lock) (h store.Head, err error) {
	err = r.store.View(context.Background(), func(r store.Records) (err error) { h, err = r.Head(lock); return err })
	return h, err
}

// fresh reads each page, and the sections, in a separate View.
type fresh struct {
	store.Records
	store store.Store
}

func (r fresh) Sections() (list []store.Section, err error) {
	err = r.store.View(context.Background(), func(r store.Records) (err error) { list, err = r.Sections(); return err })
	return list, err
}

func (r fresh) Users(f store.UserFilter) iter.Seq2[store.UserRecord, error] {
	return func(yield func(store.UserRecord, error) bool) {
		for {
			var page []store.UserRecord
			f.Limit = 100
			err := r.store.View(context.Background(), func(r store.Records) (err error) { page, err = store.Collect(r.Users(f)); return err })
			if err != nil || len(page) == 0 {
				return
			}
			for _, u := range page {
				if f.After = u.Name; !yield(u, nil) {
					return
				}
			}
		}
	}
}

type byOffset struct{ store.Records }

func (r byOffset) Tickets(f store.TicketFilter) iter.Seq2[store.UserTicket, error] {
	return func(yield func(store.UserTicket, error) bool) {
		for offset := 0; ; offset += 100 {
			list, err := store.Collect(r.Records.Tickets(f))
			if err != nil || offset >= len(list) {
				return
			}
			for _, t := range list[offset:min(offset+100, len(list))] {
				if !yield(t, nil) {
					return
				}
			}
		}
	}
}

type onePage struct{ store.Records }

func (r onePage) Memberships(f store.MembershipFilter) iter.Seq2[store.Member, error] {
	return func(yield func(store.Member, error) bool) {
		n := 0
		for m, err := range r.Records.Memberships(f) {
			if n++; !yield(m, err) || n == 256 {
				return
			}
		}
	}
}

type silent struct{ store.Records }

func (r silent) Tickets(f store.TicketFilter) iter.Seq2[store.UserTicket, error] {
	return func(yield func(store.UserTicket, error) bool) {
		for t, err := range r.Records.Tickets(f) {
			if err != nil || !yield(t, nil) {
				return
			}
		}
	}
}

// outdated returns stale values from reads for a change, every third time: the
// values before the last change.
type outdated struct {
	store.Records
	old bool
}

func stale(s *faulty, r store.Records) store.Records {
	// Only Updates are counted here, and Updates run one at a time.
	s.reads++
	return outdated{r, s.reads%3 == 0}
}

func (r outdated) Head(lock store.Lock) (store.Head, error) {
	h, err := r.Records.Head(lock)
	if r.old && lock != store.NoLock && h.Revision > 0 {
		h.Revision--
	}
	return h, err
}

func (r outdated) LockUser(id uuid.UUID) (store.UserRecord, error) {
	u, err := r.Records.LockUser(id)
	if r.old {
		u.Note, u.PasswordHash = "", ""
	}
	return u, err
}

func (r outdated) TicketValues(ticket uuid.UUID) ([]store.TicketValue, error) {
	list, err := r.Records.TicketValues(ticket)
	if r.old && len(list) > 0 {
		list = list[1:]
	}
	return list, err
}

func (r outdated) Throttle(key [32]byte) (store.Throttle, error) {
	t, err := r.Records.Throttle(key)
	if n, _ := strconv.Atoi(t.State); r.old && n > 0 {
		t.State = strconv.Itoa(n - 1)
	}
	return t, err
}

// leaking shares slices with its caller.
type leaking struct {
	store.Records
	shared map[uuid.UUID][]uuid.UUID
	out    bool
}

func (r leaking) AddTicket(t store.Ticket) error {
	r.shared[t.ID] = t.Groups
	if r.out {
		r.shared[t.ID] = slices.Clone(t.Groups)
	}
	return r.Records.AddTicket(t)
}

func (r leaking) Ticket(k store.TicketKey) (store.Ticket, error) {
	t, err := r.Records.Ticket(k)
	t.Groups = r.shared[t.ID]
	return t, err
}
