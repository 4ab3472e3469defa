package findings_test

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/findings"
	"github.com/rbac-go/rbac/internal/storefault"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

var (
	ctx   = context.Background()
	start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// open returns an Authority and a function that sets its clock forward.
func open(t *testing.T) (*rbac.Authority, func(time.Duration)) {
	t.Helper()
	var clock atomic.Pointer[time.Time]
	clock.Store(&start)
	a, err := rbac.Open(ctx, memorystore.New(), rbac.Config{
		Logger: slog.New(slog.DiscardHandler), Clock: func() time.Time { return *clock.Load() },
		Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1},
	})
	must(t, err)
	t.Cleanup(func() { must(t, a.Close()) })
	return a, func(d time.Duration) {
		then := clock.Load().Add(d)
		clock.Store(&then)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// find returns the findings by kind.
func find(t *testing.T, a *rbac.Authority) map[findings.Kind]findings.Finding {
	t.Helper()
	var list []findings.Finding
	must(t, a.View(ctx, func(tx *rbac.Tx) (err error) {
		list, err = findings.Find(tx, []string{"rbac.administer", "not.declared"})
		return err
	}))
	byKind := map[findings.Kind]findings.Finding{}
	for _, f := range list {
		byKind[f.Kind] = f
	}
	if len(byKind) != len(list) {
		t.Fatalf("a kind is found twice: %+v", list)
	}
	return byKind
}

// world is a store in which each fault exists beside its counterpart.
func world(t *testing.T, a *rbac.Authority) {
	t.Helper()
	must(t, a.Declare(ctx, rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "post.read"}, {Name: "post.edit"}, {Name: "post.edit.own"}, {Name: "posts"}, {Name: "order"}, {Name: "order.pay"}},
		Groups:      []rbac.Group{{Name: "admins"}, {Name: "editors"}, {Name: "readers"}, {Name: "former"}, {Name: "buyers"}, {Name: "payers"}, {Name: "auditors"}},
		Grants: []rbac.Grant{
			{Group: "admins", Permission: "rbac.administer"}, {Group: "readers", Permission: "post.read"}, {Group: "editors", Permission: "post.edit.*"},
			{Group: "former", Permission: "order"}, {Group: "buyers", Permission: "pots.*"}, {Group: "former", Permission: "posts.*"}, {Group: "former", Permission: "order.*"},
		},
		Inheritances: []rbac.Inheritance{{Senior: "editors", Junior: "readers"}},
	}))
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		for _, u := range []rbac.User{{Name: "amy"}, {Name: "bob"}, {Name: "old", Disabled: true}, {Name: "eve", Disabled: true}} {
			if _, err := tx.AddUser(u); err != nil {
				return err
			}
		}
		for _, m := range []rbac.Membership{
			{User: "amy", Group: "admins"}, {User: "old", Group: "admins"}, {User: "eve", Group: "editors", Scope: "org:1"},
			{User: "amy", Group: "former", Until: start.Add(time.Hour)}, {User: "bob", Group: "former", Until: start.Add(2 * time.Hour)},
			{User: "bob", Group: "buyers", Until: start.AddDate(0, 0, 20), Scope: "org:2"}, {User: "amy", Group: "payers", Until: start.AddDate(0, 0, 40)},
		} {
			if err := tx.AssignUser(m); err != nil {
				return err
			}
		}
		if err := tx.CreateSSDSet(rbac.SeparationSet{Name: "wide", Groups: []string{"buyers", "payers", "auditors"}, Cardinality: 3}); err != nil {
			return err
		}
		return tx.CreateSSDSet(rbac.SeparationSet{Name: "purchase", Groups: []string{"buyers", "auditors"}, Cardinality: 2})
	}))
}

// Each fault is found, and nothing that is in order.
func TestFind(t *testing.T) {
	a, advance := open(t)
	world(t, a)
	key, err := a.IssueKey(ctx, rbac.APIKey{User: "amy", Label: "deploy", Expires: start.AddDate(3, 0, 0)})
	must(t, err)
	advance(3 * time.Hour) // the memberships of former have ended
	if _, err := a.Issue(ctx, rbac.Login{User: "amy"}); err != nil {
		t.Fatal(err)
	}
	got := find(t, a)
	for kind, want := range map[findings.Kind][]findings.Record{
		findings.DisabledHolders:   {{User: "old", Permission: "rbac.administer"}},
		findings.EndingMemberships: {{User: "bob", Group: "buyers", Scope: "org:2", At: start.AddDate(0, 0, 20)}},
		findings.IdleUsers:         nil, // bob is new
		findings.EmptyGroups:       {{Group: "auditors"}, {Group: "former"}},
		findings.UnheldPermissions: {{Permission: "order"}, {Permission: "order.pay"}, {Permission: "post.edit"}, {Permission: "posts"}},
		findings.UnmatchedPatterns: {{Group: "buyers", Permission: "pots.*", At: start}, {Group: "former", Permission: "posts.*", At: start}},
		findings.NearSets:          {{Set: "purchase"}},
		findings.OldKeys:           nil,
	} {
		f := got[kind]
		if !reflect.DeepEqual(f.Records, want) || f.Count != len(want) || f.More {
			t.Errorf("%s: %+v, want %+v", kind, f, want)
		}
	}
	advance(365 * 24 * time.Hour)
	if _, err := a.Identify(ctx, key); err != nil {
		t.Fatal(err)
	}
	if got := find(t, a)[findings.OldKeys].Records; !reflect.DeepEqual(got, []findings.Record{{User: "amy", Label: "deploy", At: start}}) {
		t.Errorf("old keys: %+v", got)
	}
	if got := find(t, a)[findings.IdleUsers].Records; !reflect.DeepEqual(got, []findings.Record{{User: "bob"}}) {
		t.Errorf("idle after a year: %+v, want bob: the key of amy is in use", got)
	}
}

// A user is idle who has not signed in for 90 days. A new account is not idle
// for 14 days, and neither is an account whose session or key is in use.
func TestIdleUsers(t *testing.T) {
	const day = 24 * time.Hour
	a, advance := open(t)
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		for _, u := range []rbac.User{{Name: "never"}, {Name: "amy"}, {Name: "robot"}, {Name: "gone", Disabled: true}} {
			if _, err := tx.AddUser(u); err != nil {
				return err
			}
		}
		_, err := tx.ImportUser(rbac.User{Name: "old", Created: start.AddDate(-2, 0, 0), LastLogin: start.AddDate(-1, 0, 0)})
		return err
	}))
	idle := func(want ...string) {
		t.Helper()
		var got []string
		for _, r := range find(t, a)[findings.IdleUsers].Records {
			got = append(got, r.User)
		}
		if !slices.Equal(got, want) {
			t.Errorf("idle: %v, want %v", got, want)
		}
	}
	issued := func(l rbac.Login) rbac.Token {
		t.Helper()
		token, err := a.Issue(ctx, l)
		must(t, err)
		return token
	}
	idle("old") // an import does not make the account new
	issued(rbac.Login{User: "amy"})
	key, err := a.IssueKey(ctx, rbac.APIKey{User: "robot", Label: "nightly", Expires: start.AddDate(1, 0, 0)})
	must(t, err)
	advance(14 * day)
	idle("old")
	advance(time.Microsecond)
	idle("never", "old")
	advance(76*day - time.Microsecond)
	idle("never", "old")
	advance(time.Microsecond) // amy and robot signed in 90 days ago
	idle("amy", "never", "old", "robot")
	if _, err := a.Identify(ctx, key); err != nil {
		t.Fatal(err)
	}
	idle("amy", "never", "old")
	issued(rbac.Login{User: "old"})
	idle("amy", "never")
}

// The grants of all groups are read by one query, and the group at the top of a
// hierarchy answers for those below.
func TestGroupsAreReadTogether(t *testing.T) {
	var calls sync.Map
	count := func(c storefault.Call) error {
		n, _ := calls.LoadOrStore(c.Name, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
		return nil
	}
	a, err := rbac.Open(ctx, &storefault.Store{Store: memorystore.New(), Hooks: storefault.Hooks{Call: count}}, rbac.Config{Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { must(t, a.Close()) })
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		for i := range 50 {
			name := fmt.Sprintf("group%02d", i)
			if _, err := tx.AddGroup(rbac.Group{Name: name}); err != nil {
				return err
			}
			if err := tx.GrantPermission(rbac.Grant{Group: name, Permission: "nothing.*"}); err != nil {
				return err
			}
			if i == 0 {
				continue
			}
			if err := tx.AddInheritance(rbac.Inheritance{Senior: name, Junior: fmt.Sprintf("group%02d", i-1)}); err != nil {
				return err
			}
		}
		if _, err := tx.AddUser(rbac.User{Name: "amy"}); err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "amy", Group: "group49"})
	}))
	calls.Clear()
	got := find(t, a)
	if f, ok := got[findings.EmptyGroups]; ok || len(got[findings.UnmatchedPatterns].Records) != 50 {
		t.Errorf("empty groups %+v, and %d patterns that match nothing, want 50", f.Records, len(got[findings.UnmatchedPatterns].Records))
	}
	for name, most := range map[string]int64{"Grants": 10, "Memberships": 5} {
		if n, ok := calls.Load(name); !ok || n.(*atomic.Int64).Load() > most {
			t.Errorf("%s was called more than %d times, or never", name, most)
		}
	}
}

// The lists and the counts are bounded, and memberships that have ended do not
// hide those that end soon.
func TestBounds(t *testing.T) {
	a, advance := open(t)
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.AddGroup(rbac.Group{Name: "guests"}); err != nil {
			return err
		}
		for i := range 1100 {
			name := fmt.Sprintf("user%04d", i)
			if _, err := tx.AddUser(rbac.User{Name: name}); err != nil {
				return err
			}
			if err := tx.AssignUser(rbac.Membership{User: name, Group: "guests", Until: start.AddDate(0, 0, 15).Add(time.Duration(i+1) * time.Minute)}); err != nil {
				return err
			}
		}
		return nil
	}))
	advance(15*24*time.Hour + 1050*time.Minute)
	got := find(t, a)
	if f := got[findings.IdleUsers]; f.Count != 1000 || !f.More || len(f.Records) != 1000 {
		t.Errorf("idle users: %d (more: %v), of which %d are listed", f.Count, f.More, len(f.Records))
	}
	if f := got[findings.EndingMemberships]; f.Count != 50 || f.More || f.Records[0].User != "user1050" {
		t.Errorf("ending memberships: %d, the first of %+v", f.Count, f.Records)
	}
	if f, ok := got[findings.EmptyGroups]; ok {
		t.Errorf("guests has 50 members, and is found: %+v", f)
	}
}

// AtLimit returns the users whom one more group of the set would harm.
func TestAtLimit(t *testing.T) {
	a, _ := open(t)
	world(t, a)
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		if err := tx.AssignUser(rbac.Membership{User: "amy", Group: "auditors"}); err != nil {
			return err
		}
		for _, c := range []struct {
			groups      []string
			cardinality int
			limit       int
			want        []string
			more        bool
		}{
			{[]string{"buyers", "payers", "auditors"}, 3, 5, []string{"amy"}, false},
			{[]string{"buyers", "auditors"}, 2, 5, []string{"bob", "amy"}, false},
			{[]string{"buyers", "auditors"}, 2, 1, []string{"bob"}, true},
		} {
			users, more, err := findings.AtLimit(tx, rbac.SeparationSet{Groups: c.groups, Cardinality: c.cardinality}, c.limit)
			if err != nil || !reflect.DeepEqual(users, c.want) || more != c.more {
				t.Errorf("%v: %v, more: %v, %v; want %v, %v", c.groups, users, more, err, c.want, c.more)
			}
		}
		return nil
	}))
}
