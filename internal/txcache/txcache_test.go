package txcache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/txcache"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Few names and ids, so that the same records are met again and again.
const someUsers, someGroups = 5, 6

func idOf(kind byte, n int) uuid.UUID { return uuid.UUID{0: kind, 15: byte(n + 1)} }

// comparison writes at random through Records of this package, and compares
// their answers with the store's.
type comparison struct {
	t        *testing.T
	r        *rand.Rand
	store, u store.Records
	tickets  int
	done     map[string]int
}

// The Records of an Update give the answers of the store, whatever the Update
// has read and written before.
func TestRecordsOfAnUpdateTellWhatTheStoreDoes(t *testing.T) {
	for seed := range uint64(3) {
		done := map[string]int{}
		s, random, tickets := memorystore.New(), rand.New(rand.NewPCG(seed, 3)), 0
		for update := range 20 {
			must(t, s.Update(ctx, func(r store.Records) error {
				var p *policy.Policy
				if update%4 > 0 {
					p = first(replica.Load(r))
				}
				w := &comparison{t: t, r: random, store: r, u: txcache.NewUpdate(ctx, r, p, 0), tickets: tickets, done: done}
				for step := 0; step < 100 && !t.Failed(); step++ {
					what := w.write()
					asks := 6
					if w.r.IntN(50) == 0 {
						asks = 500 // then whole tables are read
					}
					for range asks {
						w.ask(fmt.Sprintf("seed %d, Update %d, step %d, after %s", seed, update, step, what))
					}
				}
				tickets = w.tickets
				return nil
			}))
		}
		if len(done) != 18 {
			t.Errorf("seed %d: done was only %v", seed, done)
		}
	}
}

// step is something to write, if the store's contract allows it now.
type step struct {
	name    string
	allowed bool
	do      func() error
}

// write makes one random write, if the contract allows the write, and returns
// its name.
func (w *comparison) write() string {
	group := idOf('g', w.r.IntN(someGroups))
	acts := [][]step{w.ofUser(idOf('u', w.r.IntN(someUsers)), group), w.ofGroup(group), w.ofTwo(group, idOf('g', w.r.IntN(someGroups)))}[w.r.IntN(3)]
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

func (w *comparison) ofUser(id, group uuid.UUID) []step {
	at, scope, name := time.Unix(int64(1+w.r.IntN(1e9)), 0).UTC(), []string{"", "berlin"}[w.r.IntN(2)], fmt.Sprint("user", w.r.IntN(9))
	u, noUser := w.store.User(store.UserKey{ID: id})
	_, nameFree := w.store.User(store.UserKey{Name: name})
	_, noGroup := w.store.Group(store.GroupKey{ID: group})
	_, noMember := w.store.Membership(id, group, scope)
	tickets, memberships := first(w.store.UserTickets(id)), first(w.store.UserMemberships(id))
	there := noUser == nil
	joins := step{"PutMembership", there && noGroup == nil, func() error {
		return w.u.PutMembership(store.Membership{User: id, Group: group, Scope: scope, AssignedAt: at})
	}}
	leaves := step{"DeleteMembership", noMember == nil, func() error { return w.u.DeleteMembership(id, group, scope) }}
	comes := step{"AddUser", !there && nameFree != nil, func() error {
		return w.u.AddUser(store.UserRecord{User: store.User{ID: id, Name: name, Note: strings.Repeat("x", w.r.IntN(2)*2000), Created: at}})
	}}
	return []step{comes, comes, joins, joins, joins, leaves, leaves,
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

// clear deletes the records that refer to a user, as a Tx does before deleting
// the user.
func (w *comparison) clear(tickets []store.Ticket, memberships []store.Membership) (err error) {
	for _, t := range tickets {
		err = errors.Join(err, w.u.DeleteTicket(t.ID))
	}
	for _, m := range memberships {
		err = errors.Join(err, w.u.DeleteMembership(m.User, m.Group, m.Scope))
	}
	return err
}

func (w *comparison) ofGroup(id uuid.UUID) []step {
	name := fmt.Sprint("group", w.r.IntN(9))
	g, noGroup := w.store.Group(store.GroupKey{ID: id})
	_, nameFree := w.store.Group(store.GroupKey{Name: name})
	used := len(w.setsOf(id))
	for _, f := range []store.InheritanceFilter{{Senior: id}, {Junior: id}} {
		used += len(first(w.store.Inheritances(f)))
	}
	for range w.store.Memberships(store.MembershipFilter{Group: id}) {
		used++
	}
	return []step{
		{"PutGroup new", noGroup != nil && nameFree != nil, func() error { return w.u.PutGroup(store.Group{ID: id, Name: name}) }},
		{"PutGroup", noGroup == nil && nameFree != nil, func() error { g.Name = name; return w.u.PutGroup(g) }},
		{"DeleteGroup", noGroup == nil && used == 0, func() error { return w.u.DeleteGroup(id) }},
	}
}

// ofTwo writes records of two groups: inheritances and sets.
func (w *comparison) ofTwo(group, other uuid.UUID) []step {
	_, noGroup := w.store.Group(store.GroupKey{ID: group})
	_, noOther := w.store.Group(store.GroupKey{ID: other})
	two := noGroup == nil && noOther == nil && group != other
	edge := store.Inheritance{Senior: group, Junior: other}
	inherits := len(first(w.store.Inheritances(store.InheritanceFilter{Senior: group, Junior: other}))) > 0
	set := store.Separation{Dynamic: w.r.IntN(2) == 0, Name: fmt.Sprint("set", w.r.IntN(3)), Cardinality: 2, Groups: sortedPair(group, other)}
	_, noSet := w.store.Separation(set.Dynamic, set.Name)
	return []step{
		{"AddInheritance", two && !inherits, func() error { return w.u.AddInheritance(edge) }},
		{"DeleteInheritance", inherits, func() error { return w.u.DeleteInheritance(edge) }},
		{"PutSeparation new", two && noSet != nil, func() error { return w.u.PutSeparation(set) }},
		{"PutSeparation", two && noSet == nil, func() error { return w.u.PutSeparation(set) }},
		{"DeleteSeparation", noSet == nil, func() error { return w.u.DeleteSeparation(set.Dynamic, set.Name) }},
	}
}

func sortedPair(a, b uuid.UUID) []uuid.UUID {
	if a.String() > b.String() {
		a, b = b, a
	}
	return []uuid.UUID{a, b}
}

func (w *comparison) setsOf(group uuid.UUID) []store.Separation {
	static := first(w.store.Separations(store.SeparationFilter{Groups: []uuid.UUID{group}}))
	return append(static, first(w.store.Separations(store.SeparationFilter{Dynamic: true, Groups: []uuid.UUID{group}}))...)
}

// ask compares one answer with the answer of the store.
func (w *comparison) ask(when string) {
	user, group, other := idOf('u', w.r.IntN(someUsers)), idOf('g', w.r.IntN(someGroups)), idOf('g', w.r.IntN(someGroups))
	userName, groupName := fmt.Sprint("user", w.r.IntN(9)), fmt.Sprint("group", w.r.IntN(9))
	scope, dynamic := []string{"", "berlin"}[w.r.IntN(2)], w.r.IntN(2) == 0
	question, ask := "", func(store.Records) (any, error) { return nil, nil }
	pose := func(name string, f func(store.Records) (any, error)) { question, ask = name, f }
	switch w.r.IntN(12) {
	case 0:
		pose("LockUser", func(r store.Records) (any, error) { return r.LockUser(user) })
	case 1:
		pose("User by name", func(r store.Records) (any, error) { return r.User(store.UserKey{Name: userName}) })
	case 2:
		pose("UserTickets", func(r store.Records) (any, error) { return r.UserTickets(user) })
	case 3, 4:
		pose("Membership", func(r store.Records) (any, error) { return r.Membership(user, group, scope) })
	case 5:
		pose("Group by name", func(r store.Records) (any, error) { return r.Group(store.GroupKey{Name: groupName}) })
	case 6:
		pose("Inheritances", func(r store.Records) (any, error) { return r.Inheritances(store.InheritanceFilter{Senior: group}) })
	case 8:
		pose("Group by id", func(r store.Records) (any, error) { return r.Group(store.GroupKey{ID: group}) })
	case 9:
		pose("Groups", func(r store.Records) (any, error) { return r.Groups() })
	case 10:
		pose("all Inheritances", func(r store.Records) (any, error) { return r.Inheritances(store.InheritanceFilter{}) })
	case 11:
		pose("Inheritances of a junior", func(r store.Records) (any, error) { return r.Inheritances(store.InheritanceFilter{Junior: group}) })
	case 7:
		pose("Separations", func(r store.Records) (any, error) {
			return r.Separations(store.SeparationFilter{Dynamic: dynamic, Groups: []uuid.UUID{group, other}})
		})
	}
	got, gotErr := ask(w.u)
	want, wantErr := ask(w.store)
	if fmt.Sprintf("%+v %v", got, gotErr) != fmt.Sprintf("%+v %v", want, wantErr) {
		w.t.Errorf("%s %s says %+v, %v; the store %+v, %v", when, question, got, gotErr, want, wantErr)
	}
	spoil(got)
}

// spoil writes over a list, as a caller may. The next answer must not change.
func spoil(answer any) {
	switch list := answer.(type) {
	case []store.Inheritance:
		clear(list)
	case []store.Group:
		clear(list)
	case []store.Separation:
		for _, s := range list {
			clear(s.Groups)
		}
	}
}

// Records that others may change are read each time: a login of a user without
// a lock takes effect in the middle of an Update, and a ticket may be swept.
func TestWhatOthersMayChangeIsAskedEachTime(t *testing.T) {
	must(t, memorystore.New().Update(ctx, func(others store.Records) error {
		amy, at := uuid.UUID{1}, time.Unix(1, 0).UTC()
		must(t, others.AddUser(store.UserRecord{User: store.User{ID: amy, Name: "amy"}}))
		r := txcache.NewUpdate(ctx, others, nil, 0)
		tickets := func() int { return len(first(r.UserTickets(amy))) }
		if first(r.User(store.UserKey{Name: "amy"})).LastLogin != (time.Time{}) || tickets() != 0 {
			t.Error("amy has logged in before she did")
		}
		must(t, others.SetLastLogin(amy, at))
		must(t, others.AddTicket(store.Ticket{ID: uuid.UUID{2}, User: amy}))
		if got := first(r.User(store.UserKey{Name: "amy"})).LastLogin; got != at || tickets() != 1 {
			t.Errorf("after her login amy has logged in at %v and has %d tickets; want %v and 1", got, tickets(), at)
		}
		must(t, errorOf(r.LockUser(amy)))
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

func errorOf[T any](_ T, err error) error { return err }

func first[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// An Update remembers neither each of a million users nor each of a million
// memberships.
func TestMemoryOfAnUpdateIsBounded(t *testing.T) {
	must(t, memorystore.New().Update(ctx, func(s store.Records) error {
		r := txcache.NewUpdate(ctx, s, nil, 0)
		group := uuid.UUID{1}
		must(t, r.PutGroup(store.Group{ID: group, Name: "g"}))
		for i := range 2*txcache.MaxUsers + 5 {
			u := store.UserRecord{User: store.User{ID: uuid.UUID{2, byte(i >> 16), byte(i >> 8), byte(i)}, Name: fmt.Sprint("user", i)}}
			must(t, r.AddUser(u))
			must(t, r.SetPasswordHash(u.ID, "x"))
			must(t, errorOf(r.LockUser(u.ID)))
			if n, _ := r.Cached(); n > txcache.MaxUsers {
				t.Fatalf("%d users are remembered", n)
			}
		}
		many := uuid.UUID{3}
		must(t, r.AddUser(store.UserRecord{User: store.User{ID: many, Name: "many"}}))
		for i := range 3 * txcache.MaxMemberships {
			must(t, r.PutMembership(store.Membership{User: many, Group: group, Scope: fmt.Sprint(i)}))
			if _, err := r.Membership(many, group, fmt.Sprint(i)); err != nil {
				t.Fatalf("membership %d of one user: %v", i, err)
			}
			if _, n := r.Cached(); n > txcache.MaxMemberships {
				t.Fatalf("%d memberships are remembered", n)
			}
		}
		before, _ := r.Cached()
		must(t, r.AddUser(store.UserRecord{User: store.User{ID: uuid.UUID{4}, Name: "long", Note: strings.Repeat("x", 64*1024)}}))
		if n, _ := r.Cached(); n != before {
			t.Error("a user with a note of 64 KiB is remembered")
		}
		return nil
	}))
}
