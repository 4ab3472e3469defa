package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// Few names and ids, so that the same are met again and again.
const tellUsers, tellGroups = 5, 6

func tellID(kind byte, n int) uuid.UUID { return uuid.UUID{0: kind, 15: byte(n + 1)} }

// teller writes at random through Records that remember, and holds every answer of theirs against that of the store.
type teller struct {
	t        *testing.T
	r        *rand.Rand
	store, u rbac.Records
	tickets  int
	done     map[string]int
}

// TestRecordsOfAnUpdateTellWhatTheStoreDoes: whatever an Update has asked and written before.
func TestRecordsOfAnUpdateTellWhatTheStoreDoes(t *testing.T) {
	for seed := range uint64(3) {
		done := map[string]int{}
		s := memorystore.New()
		must(t, s.Update(ctx, func(r rbac.Records) error {
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
		if len(done) != 17 {
			t.Errorf("seed %d: done was only %v", seed, done)
		}
	}
}

// write does one thing that the store's contract allows, if there is one of the kind that was rolled, and tells what.
func (w *teller) write() string {
	user, group, other := tellID('u', w.r.IntN(tellUsers)), tellID('g', w.r.IntN(tellGroups)), tellID('g', w.r.IntN(tellGroups))
	userName, groupName := fmt.Sprint("user", w.r.IntN(9)), fmt.Sprint("group", w.r.IntN(9))
	scope := []string{"", "berlin"}[w.r.IntN(2)]
	u, noUser := w.store.User(user)
	g, noGroup := w.store.Group(group)
	_, noOther := w.store.Group(other)
	_, userFree := w.store.UserByName(userName)
	_, groupFree := w.store.GroupByName(groupName)
	_, noMember := w.store.Membership(user, group, scope)
	tickets, _ := w.store.UserTickets(user)
	memberships, _ := w.store.UserMemberships(user)
	juniors, _ := w.store.Juniors(group)
	seniors, _ := w.store.Seniors(group)
	sets := w.setsOf(group)
	inherits := false
	for _, j := range juniors {
		inherits = inherits || j == other
	}
	set := rbac.SeparationRecord{Dynamic: w.r.IntN(2) == 0, Name: fmt.Sprint("set", w.r.IntN(3)), Cardinality: 2, Groups: sortedPair(group, other)}
	_, noSet := w.store.Separation(set.Dynamic, set.Name)
	at := time.Unix(int64(1+w.r.IntN(1e9)), 0).UTC()
	edge := rbac.InheritanceRecord{Senior: group, Junior: other}
	inGroups := 0
	for range w.store.GroupMembers(group) {
		inGroups++
	}
	what, allowed, do := "", false, func() error { return nil }
	roll := func(name string, ok bool, f func() error) { what, allowed, do = name, ok, f }
	switch w.r.IntN(22) {
	case 0, 1:
		roll("AddUser", noUser != nil && userFree != nil, func() error {
			return w.u.AddUser(rbac.UserRecord{User: rbac.User{ID: user, Name: userName, Note: strings.Repeat("x", w.r.IntN(2)*2000), Created: at}})
		})
	case 2:
		roll("SetUser", noUser == nil && userFree != nil, func() error { u.Name = userName; return w.u.SetUser(u) })
	case 3:
		roll("SetPasswordHash", noUser == nil, func() error { return w.u.SetPasswordHash(user, at.String()) })
	case 4:
		roll("SetLastLogin", noUser == nil, func() error { return w.u.SetLastLogin(user, at) })
	case 5:
		roll("DeleteUser", noUser == nil, func() (err error) {
			for _, ticket := range tickets {
				err = errors.Join(err, w.u.DeleteTicket(ticket.ID))
			}
			for _, m := range memberships {
				err = errors.Join(err, w.u.DeleteMembership(m.User, m.Group, m.Scope))
			}
			return errors.Join(err, w.u.DeleteUser(user))
		})
	case 6:
		roll("AddTicket", noUser == nil && len(tickets) < 2, func() error {
			w.tickets++
			id := uuid.UUID{0: 't', 14: byte(w.tickets >> 8), 15: byte(w.tickets)}
			return w.u.AddTicket(rbac.TicketRecord{ID: id, User: user, Hash: rbac.TokenHash(append(id[:], id[:]...)), Created: at})
		})
	case 7:
		roll("DeleteTicket", len(tickets) > 0, func() error { return w.u.DeleteTicket(tickets[0].ID) })
	case 8, 9, 10:
		roll("AddMembership", noUser == nil && noGroup == nil && noMember != nil, func() error {
			return w.u.AddMembership(rbac.MembershipRecord{User: user, Group: group, Scope: scope, AssignedAt: at})
		})
	case 11, 12:
		roll("DeleteMembership", noMember == nil, func() error { return w.u.DeleteMembership(user, group, scope) })
	case 13, 14:
		roll("AddGroup", noGroup != nil && groupFree != nil, func() error { return w.u.AddGroup(rbac.Group{ID: group, Name: groupName, Created: at}) })
	case 15:
		roll("SetGroup", noGroup == nil && groupFree != nil, func() error { g.Name = groupName; return w.u.SetGroup(g) })
	case 16:
		roll("DeleteGroup", noGroup == nil && inGroups+len(juniors)+len(seniors)+len(sets) == 0, func() error { return w.u.DeleteGroup(group) })
	case 17:
		roll("AddInheritance", noGroup == nil && noOther == nil && group != other && !inherits, func() error { return w.u.AddInheritance(edge) })
	case 18:
		roll("DeleteInheritance", inherits, func() error { return w.u.DeleteInheritance(edge) })
	case 19:
		roll("AddSeparation", noSet != nil && noGroup == nil && noOther == nil && group != other, func() error { return w.u.AddSeparation(set) })
	case 20:
		roll("SetSeparation", noSet == nil && noGroup == nil && noOther == nil && group != other, func() error { return w.u.SetSeparation(set) })
	case 21:
		roll("DeleteSeparation", noSet == nil, func() error { return w.u.DeleteSeparation(set.Dynamic, set.Name) })
	}
	if !allowed {
		return "nothing"
	}
	if err := do(); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
	w.done[what]++
	return what
}

func sortedPair(a, b uuid.UUID) []uuid.UUID {
	if a.String() > b.String() {
		a, b = b, a
	}
	return []uuid.UUID{a, b}
}

func (w *teller) setsOf(group uuid.UUID) []rbac.SeparationRecord {
	static, _ := w.store.GroupSeparations(false, []uuid.UUID{group})
	dynamic, _ := w.store.GroupSeparations(true, []uuid.UUID{group})
	return append(static, dynamic...)
}

// ask holds one answer against that of the store.
func (w *teller) ask(when string) {
	user, group, other := tellID('u', w.r.IntN(tellUsers)), tellID('g', w.r.IntN(tellGroups)), tellID('g', w.r.IntN(tellGroups))
	userName, groupName := fmt.Sprint("user", w.r.IntN(9)), fmt.Sprint("group", w.r.IntN(9))
	scope, dynamic := []string{"", "berlin"}[w.r.IntN(2)], w.r.IntN(2) == 0
	question, ask := "", func(rbac.Records) (any, error) { return nil, nil }
	pose := func(name string, f func(rbac.Records) (any, error)) { question, ask = name, f }
	switch w.r.IntN(8) {
	case 0:
		pose("LockUser", func(r rbac.Records) (any, error) { return r.LockUser(user) })
	case 1:
		pose("UserByName", func(r rbac.Records) (any, error) { return r.UserByName(userName) })
	case 2:
		pose("UserTickets", func(r rbac.Records) (any, error) { return r.UserTickets(user) })
	case 3, 4:
		pose("Membership", func(r rbac.Records) (any, error) { return r.Membership(user, group, scope) })
	case 5:
		pose("GroupByName", func(r rbac.Records) (any, error) { return r.GroupByName(groupName) })
	case 6:
		pose("Juniors", func(r rbac.Records) (any, error) { return r.Juniors(group) })
	case 7:
		pose("GroupSeparations", func(r rbac.Records) (any, error) {
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
	case []rbac.SeparationRecord:
		for _, s := range list {
			clear(s.Groups)
		}
	}
}

// TestWhatOthersMayChangeIsAskedEachTime: a login of a user who is not locked takes effect in the middle of an Update,
// and a ticket may be swept.
func TestWhatOthersMayChangeIsAskedEachTime(t *testing.T) {
	must(t, memorystore.New().Update(ctx, func(others rbac.Records) error {
		amy, at := uuid.UUID{1}, time.Unix(1, 0).UTC()
		must(t, others.AddUser(rbac.UserRecord{User: rbac.User{ID: amy, Name: "amy"}}))
		r := rbac.Remembering(ctx, others, 0)
		tickets := func() int { return len(first(r.UserTickets(amy))) }
		if first(r.UserByName("amy")).LastLogin != (time.Time{}) || tickets() != 0 {
			t.Error("amy has logged in before she did")
		}
		must(t, others.SetLastLogin(amy, at))
		must(t, others.AddTicket(rbac.TicketRecord{ID: uuid.UUID{2}, User: amy}))
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
	must(t, memorystore.New().Update(ctx, func(store rbac.Records) error {
		r := rbac.Remembering(ctx, store, 0)
		group := uuid.UUID{1}
		must(t, r.AddGroup(rbac.Group{ID: group, Name: "g"}))
		for i := range 2*rbac.MostRemembered + 5 {
			u := rbac.UserRecord{User: rbac.User{ID: uuid.UUID{2, byte(i >> 16), byte(i >> 8), byte(i)}, Name: fmt.Sprint("user", i)}}
			must(t, r.AddUser(u))
			must(t, r.SetPasswordHash(u.ID, "x"))
			must(t, second(r.LockUser(u.ID)))
			if n, _ := rbac.UsersRemembered(r); n > rbac.MostRemembered {
				t.Fatalf("%d users are remembered", n)
			}
		}
		many := uuid.UUID{3}
		must(t, r.AddUser(rbac.UserRecord{User: rbac.User{ID: many, Name: "many"}}))
		for i := range 3 * rbac.MostWere {
			must(t, r.AddMembership(rbac.MembershipRecord{User: many, Group: group, Scope: fmt.Sprint(i)}))
			if _, err := r.Membership(many, group, fmt.Sprint(i)); err != nil {
				t.Fatalf("membership %d of one user: %v", i, err)
			}
			if _, n := rbac.UsersRemembered(r); n > rbac.MostWere {
				t.Fatalf("%d memberships are remembered", n)
			}
		}
		before, _ := rbac.UsersRemembered(r)
		must(t, r.AddUser(rbac.UserRecord{User: rbac.User{ID: uuid.UUID{4}, Name: "long", Note: strings.Repeat("x", 64*1024)}}))
		if n, _ := rbac.UsersRemembered(r); n != before {
			t.Error("a user with a note of 64 KiB is remembered")
		}
		return nil
	}))
}

// TestLargePolicyIsReadWholeLate: in a store of many groups an Update costs what it touches, unless that is much.
func TestLargePolicyIsReadWholeLate(t *testing.T) {
	must(t, memorystore.New().Update(ctx, func(store rbac.Records) error {
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
type bared struct{ rbac.Records }

func (r bared) Unwrap() any { return r.Records }

// TestAfterUnwrapTheStoreIsAsked: who has the store's own transaction may have changed any table by it.
func TestAfterUnwrapTheStoreIsAsked(t *testing.T) {
	h := newHouse(t, memorystore.New())
	h.store = bentStore{h.store, func(r rbac.Records) rbac.Records { return bared{r} }}
	a := h.open(rbac.Config{})
	h.do(a, func(tx *rbac.Tx) error {
		u, err := tx.AddUser(rbac.User{Name: "amy"})
		must(t, err)
		g, err := tx.AddGroup(rbac.Group{Name: "staff"})
		must(t, err)
		must(t, second(tx.Group("staff")))
		r := tx.Unwrap().(rbac.Records)
		must(t, r.AddMembership(rbac.MembershipRecord{User: u.ID, Group: g.ID}))
		u.Name, g.Name = "ann", "crew"
		must(t, r.SetUser(rbac.UserRecord{User: u}))
		must(t, r.SetGroup(g))
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

func (s twice) Update(ctx context.Context, f func(rbac.Records) error) error {
	if err := s.Store.Update(ctx, func(r rbac.Records) error { return errors.Join(f(r), errTest) }); err != errTest && !errors.Is(err, errTest) {
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
