package effect

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// TestManyUsersAreReadAsSingleUsers proves that the effect of changes of many
// users, who are read in one listing, is that of the changes of each user alone.
func TestManyUsersAreReadAsSingleUsers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	s := memorystore.New()
	must(t, s.Update(context.Background(), func(r store.Records) error { return randomUsers(r, random) }))
	var p *policy.Policy
	must(t, s.Update(context.Background(), func(r store.Records) error {
		p = randomPolicy(t, r, random)
		return nil
	}))
	must(t, s.View(context.Background(), func(r store.Records) error {
		var changes []store.Change
		var ids []uuid.UUID
		single := Effect{}
		add := func(c store.Change) {
			t.Helper()
			changes, ids = append(changes, c), append(ids, c.SubjectID)
			e, err := Of(r, []store.Change{c}, p, p, noon, 1<<20)
			must(t, err)
			single.Users += e.Users
			single.Gained, single.Lost = append(single.Gained, e.Gained...), append(single.Lost, e.Lost...)
		}
		disabled := map[string]bool{}
		for u, err := range r.Users(store.UserFilter{}) {
			must(t, err)
			if u.Disabled {
				disabled[u.Name] = true
			}
			c := store.Change{Action: "AssignUser", SubjectID: u.ID, ObjectID: id(1, 0), After: []byte(`{}`)}
			memberships, err := r.UserMemberships(u.ID)
			must(t, err)
			if len(memberships) > 0 && random.IntN(3) > 0 {
				c.Action, c.ObjectID, c.Scope, c.After = "DeassignUser", memberships[0].Group, memberships[0].Scope, nil
			}
			add(c)
		}
		add(store.Change{Action: "AddUser", SubjectID: id(9, 0), After: []byte(`{"name":"new"}`)})
		slices.SortFunc(single.Gained, byUser)
		slices.SortFunc(single.Lost, byUser)
		e, err := Of(r, changes, p, p, noon, 1<<20)
		must(t, err)
		if !reflect.DeepEqual(e, single) {
			t.Errorf("together: %d users, %d gained, %d lost; each alone: %d, %d, %d", e.Users,
				len(e.Gained), len(e.Lost), single.Users, len(single.Gained), len(single.Lost))
		}
		for _, list := range [][]Right{e.Gained, e.Lost} {
			for i, right := range list {
				if disabled[right.User] || i > 0 && right == list[i-1] {
					t.Errorf("%v is of a disabled user, or listed twice", right)
				}
			}
		}
		if many, err := newComputation(r, p, p, noon, 0).areMany(ids); !many || err != nil {
			t.Errorf("the users are read one by one: %v", err)
		}
		if len(disabled) == 0 || len(single.Gained) < 100 || len(single.Lost) < 100 {
			t.Errorf("%d disabled users, %d gained, %d lost prove little", len(disabled), len(single.Gained), len(single.Lost))
		}
		return nil
	}))
}

// TestDroppedSetsAreMadeAgain proves that a side without room for sets returns
// the same permissions.
func TestDroppedSetsAreMadeAgain(t *testing.T) {
	var tables policy.Tables
	for n := range 100 {
		tables.Groups = append(tables.Groups, store.Group{ID: id(1, n), Name: fmt.Sprintf("g%02d", n)})
		tables.Permissions = append(tables.Permissions, store.Permission{ID: id(3, n), Name: fmt.Sprintf("p%02d", n)})
		tables.Grants = append(tables.Grants, store.Grant{Group: id(1, n), Permission: fmt.Sprintf("p%02d", n)})
	}
	p := policy.New(tables)
	side, full := newSides(p, p)
	random := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		groups := []int32{random.Int32N(100), random.Int32N(100), random.Int32N(100)}
		full.words = maxWords
		want, got := side.permissions(groups), full.permissions(groups)
		if want.minus(got) != nil || got.minus(want) != nil {
			t.Fatalf("groups %v: %b; want %b", groups, got, want)
		}
		if len(full.given) > len(groups) {
			t.Fatalf("%d sets are kept", len(full.given))
		}
		names := map[string]bool{}
		for n := range want.all {
			names[side.numbers.names[n]] = true
		}
		for _, g := range groups {
			if !names[fmt.Sprintf("p%02d", g)] {
				t.Fatalf("groups %v have %v", groups, names)
			}
		}
		if len(names) > len(groups) {
			t.Fatalf("groups %v have %v", groups, names)
		}
	}
}
