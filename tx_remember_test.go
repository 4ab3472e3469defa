package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// Few names and ids, so that the same are met again and again.
const tellUsers, tellGroups = 5, 6

func tellID(kind byte, n int) uuid.UUID { return uuid.UUID{0: kind, 15: byte(n + 1)} }

// teller writes at random through Records that remember, and holds every answer of theirs against that of the store.
type teller struct {
	t        *testing.T
	r        *rand.Rand
	store, u store.Records
	tickets  int
	done     map[string]int
}

// TestRecordsOfAnUpdateTellWhatTheStoreDoes: whatever an Update has asked and written before.
func TestRecordsOfAnUpdateTellWhatTheStoreDoes(t *testing.T) {
	for seed := range uint64(3) {
		done := map[string]int{}
		s := memorystore.New()
		must(t, s.Update(ctx, func(r store.Records) error {
			w := &teller{t: t, r: rand.New(rand.NewPCG(seed, 3)), store: r, u: rbac.Remembering(ctx, r, 0), done: done}
			for step := 0; step < 2000 && !t.Failed(); step++ {
				what := w.write()
				asks := 6
				if w.r.IntN(50) == 0 {
					asks = 500 // then whole tables are read
				}
				for range asks {
					w.ask(fmt.Sprintf("seed %d, step %d, after %s", seed, step, what))
				}
			}
			return nil
		}))
		if len(done) != 18 {
			t.Errorf("seed %d: done was only %v", seed, done)
		}
	}
}

// deed is something to write, if the store's contract allows it now.
type deed struct {
	name    string
	allowed bool
	do      func() error
}

// write does one thing, if what was rolled is allowed, and tells what.
func (w *teller) write() string {
	group := tellID('g', w.r.IntN(tellGroups))
	acts := [][]deed{w.ofUser(tellID('u', w.r.IntN(tellUsers)), group), w.ofGroup(group), w.ofTwo(group, tellID('g', w.r.IntN(tellGroups)))}[w.r.IntN(3)]
	a := acts[w.r.IntN(len(acts))]
	if !a.allowed {
		return "nothing"
	}
	if err := a.do(); err != nil {
		w.t.Fatalf("%s: %v", a.name, err)
	}
	w.done[a.name]++
	return a.name
}

func (w *teller) ofUser(id, group uuid.UUID) []deed {
	at, scope, name := time.Unix(int64(1+w.r.IntN(1e9)), 0).UTC(), []string{"", "berlin"}[w.r.IntN(2)], fmt.Sprint("user", w.r.IntN(9))
	u, noUser := w.store.User(id)
	_, nameFree := w.store.UserByName(name)
	_, noGroup := w.store.Group(group)
	_, noMember := w.store.Membership(id, group, scope)
	tickets, memberships := first(w.store.UserTickets(id)), first(w.store.UserMemberships(id))
	there := noUser == nil
	joins := deed{"AddMembership", there && noGroup == nil && noMember != nil, func() error {
		return w.u.AddMembership(store.Membership{User: id, Group: group, Scope: scope, AssignedAt: at})
	}}
	leaves := deed{"DeleteMembership", noMember == nil, func() error { return w.u.DeleteMembership(id, group, scope) }}
	comes := deed{"AddUser", !there && nameFree != nil, func() error {
		return w.u.AddUser(store.UserRecord{User: store.User{ID: id, Name: name, Note: strings.Repeat("x", w.r.IntN(2)*2000), Created: at}})
	}}
	return []deed{comes, comes, joins, joins, joins, leaves, leaves,
		{"SetUser", there && nameFree != nil, func() error { u.Name = name; return w.u.SetUser(u) }},
		{"SetPasswordHash", there, func() error { return w.u.SetPasswordHash(id, at.String()) }},
		{"SetLastLogin", there, func() error { return w.u.SetLastLogin(id, at) }},
		{"SetPacedUntil", there, func() error { return w.u.SetPacedUntil(id, at) }},
		{"DeleteUser", there, func() error { return errors.Join(w.clear(tickets, memberships), w.u.DeleteUser(id)) }},
		{"DeleteTicket", len(tickets) > 0, func() error { return w.u.DeleteTicket(tickets[0].ID) }},
		{"AddTicket", there && len(tickets) < 2, func() error {
			w.tickets++
			ticket := uuid.UUID{0: 't', 14: byte(w.tickets >> 8), 15: byte(w.tickets)}
			return w.u.AddTicket(store.Ticket{ID: ticket, User: id, Hash: store.TokenHash(append(ticket[:], ticket[:]...)), Created: at})
		}},
	}
}

// clear ends what hangs on a user, as a Tx does before it deletes one.
func (w *teller) clear(tickets []store.Ticket, memberships []store.Membership) (err error) {
	for _, t := range tickets {
		err = errors.Join(err, w.u.DeleteTicket(t.ID))
	}
	for _, m := range memberships {
		err = errors.Join(err, w.u.DeleteMembership(m.User, m.Group, m.Scope))
	}
	return err
}

func (w *teller) ofGroup(id uuid.UUID) []deed {
	name := fmt.Sprint("group", w.r.IntN(9))
	g, noGroup := w.store.Group(id)
	_, nameFree := w.store.GroupByName(name)
	used := len(first(w.store.Juniors(id))) + len(first(w.store.Seniors(id))) + len(w.setsOf(id))
	for range w.store.GroupMembers(id) {
		used++
	}
	return []deed{
		{"AddGroup", noGroup != nil && nameFree != nil, func() error { return w.u.AddGroup(store.Group{ID: id, Name: name}) }},
		{"SetGroup", noGroup == nil && nameFree != nil, func() error { g.Name = name; return w.u.SetGroup(g) }},
		{"DeleteGroup", noGroup == nil && used == 0, func() error { return w.u.DeleteGroup(id) }},
	}
}

// ofTwo is about two groups: inheritances and sets.
func (w *teller) ofTwo(group, other uuid.UUID) []deed {
	_, noGroup := w.store.Group(group)
	_, noOther := w.store.Group(other)
	two := noGroup == nil && noOther == nil && group != other
	edge := store.Inheritance{Senior: group, Junior: other}
	inherits := slices.Contains(first(w.store.Juniors(group)), other)
	set := store.Separation{Dynamic: w.r.IntN(2) == 0, Name: fmt.Sprint("set", w.r.IntN(3)), Cardinality: 2, Groups: sortedPair(group, other)}
	_, noSet := w.store.Separation(set.Dynamic, set.Name)
	return []deed{
		{"AddInheritance", two && !inherits, func() error { return w.u.AddInheritance(edge) }},
		{"DeleteInheritance", inherits, func() error { return w.u.DeleteInheritance(edge) }},
		{"AddSeparation", two && noSet != nil, func() error { return w.u.AddSeparation(set) }},
		{"SetSeparation", two && noSet == nil, func() error { return w.u.SetSeparation(set) }},
		{"DeleteSeparation", noSet == nil, func() error { return w.u.DeleteSeparation(set.Dynamic, set.Name) }},
	}
}

func sortedPair(a, b uuid.UUID) []uuid.UUID {
	if a.String() > b.String() {
		a, b = b, a
	}
	return []uuid.UUID{a, b}
}

func (w *teller) setsOf(group uuid.UUID) []store.Separation {
	return append(first(w.store.GroupSeparations(false, []uuid.UUID{group})), first(w.store.GroupSeparations(true, []uuid.UUID{group}))...)
}

// ask holds one answer against that of the store.
func (w *teller) ask(when string) {
	user, group, other := tellID('u', w.r.IntN(tellUsers)), tellID('g', w.r.IntN(tellGroups)), tellID('g', w.r.IntN(tellGroups))
	userName, groupName := fmt.Sprint("user", w.r.IntN(9)), fmt.Sprint("group", w.r.IntN(9))
	scope, dynamic := []string{"", "berlin"}[w.r.IntN(2)], w.r.IntN(2) == 0
	question, ask := "", func(store.Records) (any, error) { return nil, nil }
	pose := func(name string, f func(store.Records) (any, error)) { question, ask = name, f }
	switch w.r.IntN(8) {
	case 0:
		pose("LockUser", func(r store.Records) (any, error) { return r.LockUser(user) })
	case 1:
		pose("UserByName", func(r store.Records) (any, error) { return r.UserByName(userName) })
	case 2:
		pose("UserTickets", func(r store.Records) (any, error) { return r.UserTickets(user) })
	case 3, 4:
		pose("Membership", func(r store.Records) (any, error) { return r.Membership(user, group, scope) })
	case 5:
		pose("GroupByName", func(r store.Records) (any, error) { return r.GroupByName(groupName) })
	case 6:
		pose("Juniors", func(r store.Records) (any, error) { return r.Juniors(group) })
	case 7:
		pose("GroupSeparations", func(r store.Records) (any, error) {
			return r.GroupSeparations(dynamic, []uuid.UUID{group, other})
		})
	}
	got, gotErr := ask(w.u)
	want, wantErr := ask(w.store)
	if fmt.Sprintf("%+v %v", got, gotErr) != fmt.Sprintf("%+v %v", want, wantErr) {
		w.t.Errorf("%s %s says %+v, %v; the store %+v, %v", when, question, got, gotErr, want, wantErr)
	}
	spoil(got)
}

// spoil writes over a list, as who asked may: the next answer must not be different.
func spoil(answer any) {
	switch list := answer.(type) {
	case []uuid.UUID:
		clear(list)
	case []store.Separation:
		for _, s := range list {
			clear(s.Groups)
		}
	}
}

// TestWhatOthersMayChangeIsAskedEachTime: a login of a user who is not locked takes effect in the middle of an Update,
// and a ticket may be swept.
func TestWhatOthersMayChangeIsAskedEachTime(t *testing.T) {
	must(t, memorystore.New().Update(ctx, func(others store.Records) error {
		amy, at := uuid.UUID{1}, time.Unix(1, 0).UTC()
		must(t, others.AddUser(store.UserRecord{User: store.User{ID: amy, Name: "amy"}}))
		r := rbac.Remembering(ctx, others, 0)
		tickets := func() int { return len(first(r.UserTickets(amy))) }
		if first(r.UserByName("amy")).LastLogin != (time.Time{}) || tickets() != 0 {
			t.Error("amy has logged in before she did")
		}
		must(t, others.SetLastLogin(amy, at))
		must(t, others.AddTicket(store.Ticket{ID: uuid.UUID{2}, User: amy}))
		if got := first(r.UserByName("amy")).LastLogin; got != at || tickets() != 1 {
			t.Errorf("after her login amy has logged in at %v and has %d tickets; want %v and 1", got, tickets(), at)
		}
		must(t, second(r.LockUser(amy)))
		if tickets() != 1 {
			t.Error("amy's ticket is gone though nobody deleted it")
		}
		must(t, others.DeleteTicket(uuid.UUID{2}))
		if tickets() != 0 {
			t.Error("amy has a ticket that was swept")
		}
		return nil
	}))
}

func first[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestMemoryOfAnUpdateIsBounded: of a million users an Update does not remember each, and not each of a million memberships.
func TestMemoryOfAnUpdateIsBounded(t *testing.T) {
	must(t, memorystore.New().Update(ctx, func(s store.Records) error {
		r := rbac.Remembering(ctx, s, 0)
		group := uuid.UUID{1}
		must(t, r.AddGroup(store.Group{ID: group, Name: "g"}))
		for i := range 2*rbac.MostRemembered + 5 {
			u := store.UserRecord{User: store.User{ID: uuid.UUID{2, byte(i >> 16), byte(i >> 8), byte(i)}, Name: fmt.Sprint("user", i)}}
			must(t, r.AddUser(u))
			must(t, r.SetPasswordHash(u.ID, "x"))
			must(t, second(r.LockUser(u.ID)))
			if n, _ := rbac.UsersRemembered(r); n > rbac.MostRemembered {
				t.Fatalf("%d users are remembered", n)
			}
		}
		many := uuid.UUID{3}
		must(t, r.AddUser(store.UserRecord{User: store.User{ID: many, Name: "many"}}))
		for i := range 3 * rbac.MostWere {
			must(t, r.AddMembership(store.Membership{User: many, Group: group, Scope: fmt.Sprint(i)}))
			if _, err := r.Membership(many, group, fmt.Sprint(i)); err != nil {
				t.Fatalf("membership %d of one user: %v", i, err)
			}
			if _, n := rbac.UsersRemembered(r); n > rbac.MostWere {
				t.Fatalf("%d memberships are remembered", n)
			}
		}
		before, _ := rbac.UsersRemembered(r)
		must(t, r.AddUser(store.UserRecord{User: store.User{ID: uuid.UUID{4}, Name: "long", Note: strings.Repeat("x", 64*1024)}}))
		if n, _ := rbac.UsersRemembered(r); n != before {
			t.Error("a user with a note of 64 KiB is remembered")
		}
		return nil
	}))
}

// TestLargePolicyIsReadWholeLate: in a store of many groups an Update costs what it touches, unless that is much.
func TestLargePolicyIsReadWholeLate(t *testing.T) {
	must(t, memorystore.New().Update(ctx, func(store store.Records) error {
		for _, c := range []struct{ groups, asked, whole int }{
			{0, rbac.AskedOften, 0}, {0, rbac.AskedOften + 1, 3}, {10_000, 100, 0}, {10_000, 101, 1}, {10_000, 1000, 1}, {10_000, 1001, 3}, {10_000, 5000, 3},
		} {
			whole := 0
			r := rbac.Remembering(ctx, sparing{store, &whole}, c.groups)
			for range c.asked {
				_, _ = r.GroupByName("nobody")
				must(t, second(r.Juniors(uuid.UUID{1})))
				must(t, second(r.GroupSeparations(false, []uuid.UUID{{1}})))
			}
			if whole != c.whole {
				t.Errorf("of %d groups %d questions each read %d whole tables, want %d", c.groups, c.asked, whole, c.whole)
			}
		}
		return nil
	}))
}

// bared Records give away the transaction, as those of a database do.
type bared struct{ store.Records }

func (r bared) Unwrap() any { return r.Records }

// TestAfterUnwrapTheStoreIsAsked: who has the store's own transaction may have changed any table by it.
func TestAfterUnwrapTheStoreIsAsked(t *testing.T) {
	h := newHouse(t, memorystore.New())
	h.store = bentStore{h.store, func(r store.Records) store.Records { return bared{r} }}
	a := h.open(rbac.Config{})
	h.do(a, func(tx *rbac.Tx) error {
		u, err := tx.AddUser(rbac.User{Name: "amy"})
		must(t, err)
		g, err := tx.AddGroup(rbac.Group{Name: "staff"})
		must(t, err)
		must(t, second(tx.Group("staff")))
		r := tx.Unwrap().(store.Records)
		must(t, r.AddMembership(store.Membership{User: u.ID, Group: g.ID}))
		u.Name, g.Name = "ann", "crew"
		must(t, r.SetUser(store.UserRecord{User: store.User(u)}))
		must(t, r.SetGroup(store.Group(g)))
		_, noUser := tx.User("amy")
		_, noGroup := tx.Group("staff")
		again := tx.AssignUser(rbac.Membership{User: "ann", Group: "crew"})
		if !errors.Is(noUser, rbac.ErrNotFound) || !errors.Is(noGroup, rbac.ErrNotFound) || !errors.Is(again, rbac.ErrExists) {
			t.Errorf("the host renamed amy and staff, and assigned one to the other: %v, %v, %v", noUser, noGroup, again)
		}
		return nil
	})
}

// TestAnotherAttemptBeginsAnew: an Update that the store runs again remembers nothing of what was rolled back.
func TestAnotherAttemptBeginsAnew(t *testing.T) {
	h := newHouse(t, memorystore.New())
	h.store = twice{h.store}
	a := h.open(rbac.Config{})
	attempts := 0
	h.do(a, func(tx *rbac.Tx) error {
		attempts++
		if _, err := tx.User("amy"); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("attempt %d: amy is there already: %v", attempts, err)
		}
		return all(addUser(rbac.User{Name: "amy"}), addGroup(rbac.Group{Name: "staff"}), assign("amy", "staff"))(tx)
	})
	if attempts != 2 {
		t.Errorf("there were %d attempts, want 2", attempts)
	}
}

// twice rolls the first attempt of each Update back.
type twice struct{ rbac.Store }

func (s twice) Update(ctx context.Context, f func(store.Records) error) error {
	if err := s.Store.Update(ctx, func(r store.Records) error { return errors.Join(f(r), errTest) }); err != errTest && !errors.Is(err, errTest) {
		return err
	}
	return s.Store.Update(ctx, f)
}

// TestUpdateWhoseContextEndedTellsNothing: not even what it knew.
func TestUpdateWhoseContextEndedTellsNothing(t *testing.T) {
	h := newHouse(t, memorystore.New())
	a := h.open(rbac.Config{})
	under, cancel := context.WithCancel(ctx)
	err := a.Update(under, func(tx *rbac.Tx) error {
		must(t, all(addUser(rbac.User{Name: "amy"}), addGroup(rbac.Group{Name: "staff"}))(tx))
		must(t, second(tx.Group("staff")))
		cancel()
		for name, err := range map[string]error{"user": second(tx.User("amy")), "group": second(tx.Group("staff"))} {
			if !errors.Is(err, rbac.ErrUnavailable) || !errors.Is(err, context.Canceled) {
				t.Errorf("the %s is told: %v", name, err)
			}
		}
		return nil
	})
	if !errors.Is(err, rbac.ErrUnavailable) {
		t.Errorf("the Update ends with %v", err)
	}
}

// TestUpdateKeepsItsOwnTexts: the host may write over the bytes of a name once the call is answered.
func TestUpdateKeepsItsOwnTexts(t *testing.T) {
	a := newHouse(t, memorystore.New()).open(rbac.Config{})
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		must(t, addGroup(rbac.Group{Name: "staff"})(tx))
		buffer := []byte("amy")
		text := unsafe.String(&buffer[0], len(buffer))
		must(t, second(tx.AddUser(rbac.User{Name: text, DisplayName: text})))
		must(t, tx.AssignUser(rbac.Membership{User: text, Group: "staff", Scope: text}))
		copy(buffer, "bob")
		u, err := tx.User("amy")
		if err != nil || u.Name != "amy" || u.DisplayName != "amy" {
			t.Errorf("amy is %q, %q, %v", u.Name, u.DisplayName, err)
		}
		if err := tx.AssignUser(rbac.Membership{User: "amy", Group: "staff", Scope: "amy"}); !errors.Is(err, rbac.ErrExists) {
			t.Errorf("amy is assigned twice: %v", err)
		}
		if _, err := tx.User("bob"); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("bob is there: %v", err)
		}
		return assign("amy", "staff")(tx)
	}))
	for _, c := range changesSince(t, a, 0)[2:] {
		if c.Action != "AssignUser" || c.Subject != "amy" {
			t.Errorf("the log has %s of %s, want AssignUser of amy", c.Action, c.Subject)
		}
	}
}

// TestLoadAsksLittle: of a user with five memberships an Update asks whether the name is free, and writes. What
// it asks of the policy does not grow with the users.
func TestLoadAsksLittle(t *testing.T) {
	s := &faulty{Store: memorystore.New()}
	h := newHouse(t, s)
	a := h.open(rbac.Config{})
	h.do(a, func(tx *rbac.Tx) error {
		for i := range 5 {
			must(t, addGroup(rbac.Group{Name: fmt.Sprint("g", i)})(tx))
		}
		return nil
	})
	const users = 1000
	h.do(a, func(tx *rbac.Tx) error {
		s.calls.Store(0)
		for i := range users {
			name := fmt.Sprint("user", i)
			must(t, addUser(rbac.User{Name: name})(tx))
			for j := range 5 {
				must(t, assign(name, fmt.Sprint("g", j))(tx))
			}
		}
		if n, most := s.calls.Load(), int64(users*13+200); n > most {
			t.Errorf("%d users with 5 memberships each took %d calls of the store, want at most %d", users, n, most)
		}
		return nil
	})
}
