package effect

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

var noon = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

// TestFullListsCountExactly proves that short lists change nothing but the
// lists: the number of users is the same, each list is a beginning of the long
// list, and More reports what is missing.
func TestFullListsCountExactly(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	counted := 0
	for n := range 60 {
		s := memorystore.New()
		var old, next *policy.Policy
		var whole Effect
		of := func(most int) (e Effect) {
			must(t, s.View(context.Background(), func(r store.Records) (err error) {
				e, err = Of(r, nil, old, next, noon, most)
				return err
			}))
			return e
		}
		must(t, s.Update(context.Background(), func(r store.Records) error { return randomUsers(r, random) }))
		must(t, s.Update(context.Background(), func(r store.Records) (err error) {
			old = randomPolicy(t, r, random)
			return nil
		}))
		must(t, s.Update(context.Background(), func(r store.Records) (err error) {
			next = randomPolicy(t, r, random)
			return nil
		}))
		whole = of(1 << 20)
		if whole.More {
			t.Fatal("the long lists are bounded")
		}
		for _, most := range []int{0, 1, 7, 60} {
			e := of(most)
			if e.Users != whole.Users {
				t.Fatalf("%d. with %d rights: %d users; want %d", n, most, e.Users, whole.Users)
			}
			if full := len(whole.Gained) > most || len(whole.Lost) > most; e.More != full {
				t.Errorf("%d. with %d rights: More is %t", n, most, e.More)
			}
			for i, short := range [][]Right{e.Gained, e.Lost} {
				long := [][]Right{whole.Gained, whole.Lost}[i]
				if want := long[:min(len(long), most)]; len(short)+len(want) > 0 && !reflect.DeepEqual(short, want) {
					t.Fatalf("%d. with %d rights: %v; want %v", n, most, short, want)
				}
			}
		}
		counted += whole.Users
	}
	if counted < 10_000 {
		t.Errorf("%d users prove little", counted)
	}
}

// TestFullListsReportMore proves that a user who is only counted is reported as
// left out.
func TestFullListsReportMore(t *testing.T) {
	s := memorystore.New()
	must(t, s.Update(context.Background(), func(r store.Records) error {
		must(t, r.PutGroup(store.Group{ID: id(1, 0), Name: "g"}))
		must(t, r.PutPermission(store.Permission{ID: id(3, 0), Name: "p"}))
		for n := range 3 {
			must(t, r.AddUser(store.UserRecord{User: store.User{ID: id(2, n), Name: fmt.Sprint("u", n)}}))
			must(t, r.PutMembership(store.Membership{User: id(2, n), Group: id(1, 0)}))
		}
		old, err := replica.Load(r)
		must(t, err)
		must(t, r.PutGrant(store.Grant{Group: id(1, 0), Permission: "p"}))
		next, err := replica.Load(r)
		must(t, err)
		for most, want := range []bool{true, true, true, false} {
			e, err := Of(r, nil, old, next, noon, most)
			if e.Users != 3 || e.More != want || len(e.Gained) != most || err != nil {
				t.Errorf("with %d rights: %+v, %v", most, e, err)
			}
		}
		return nil
	}))
}

const groups, permissions = 4, 3

func id(kind, n int) uuid.UUID { return uuid.UUID{byte(kind), byte(n >> 8), byte(n)} }

// randomUsers adds groups, and more users than a page, with few memberships
// each, in scopes of their own and in common scopes, with and without end.
func randomUsers(r store.Records, random *rand.Rand) error {
	for g := range groups {
		if err := r.PutGroup(store.Group{ID: id(1, g), Name: fmt.Sprint("g", g)}); err != nil {
			return err
		}
	}
	for n := range pageSize + 100 {
		// The names are not in the order of the ids.
		u := store.User{ID: id(2, n), Name: fmt.Sprintf("u%03d", n*7%600), Disabled: random.IntN(9) == 0}
		if err := r.AddUser(store.UserRecord{User: u}); err != nil {
			return err
		}
		for range random.IntN(4) {
			m := store.Membership{User: u.ID, Group: id(1, random.IntN(groups))}
			m.Scope = []string{"", "", "a", "b", u.Name}[random.IntN(5)]
			m.Until = []time.Time{{}, {}, noon, noon.Add(time.Hour)}[random.IntN(4)]
			if err := r.PutMembership(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// randomPolicy adds grants and inheritances, and returns the policy.
func randomPolicy(t *testing.T, r store.Records, random *rand.Rand) *policy.Policy {
	t.Helper()
	for p := range permissions {
		name := fmt.Sprint("p", p)
		must(t, r.PutPermission(store.Permission{ID: id(3, p), Name: name}))
		g := id(1, random.IntN(groups))
		if _, err := r.Grant(g, name); err == nil {
			must(t, r.DeleteGrant(g, name))
		}
		must(t, r.PutGrant(store.Grant{Group: id(1, random.IntN(groups)), Permission: name}))
	}
	if random.IntN(3) == 0 {
		set := store.Separation{Dynamic: true, Name: "s", Groups: []uuid.UUID{id(1, 0), id(1, 1)}, Cardinality: 2}
		must(t, r.PutSeparation(set))
	}
	p, err := replica.Load(r)
	must(t, err)
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
