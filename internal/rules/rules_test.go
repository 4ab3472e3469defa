package rules_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy/policytest"
	"github.com/rbac-go/rbac/internal/rules"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// within runs f with the records of a store with the blog of policytest, where
// each user is in groups.
func within(t *testing.T, users map[string][]string, f func(r store.Records)) {
	t.Helper()
	s := memorystore.New()
	t.Cleanup(func() { s.Close() })
	err := s.Update(context.Background(), func(r store.Records) error {
		var errs []error
		for _, g := range policytest.Blog.Groups() {
			errs = append(errs, r.PutGroup(g))
		}
		for _, p := range policytest.Blog.Permissions() {
			errs = append(errs, r.PutPermission(p))
		}
		for _, g := range policytest.Blog.Granted() {
			errs = append(errs, r.PutGrant(g))
		}
		for _, i := range policytest.Blog.Inheritances() {
			errs = append(errs, r.AddInheritance(i))
		}
		for _, name := range slices.Sorted(maps.Keys(users)) {
			u := store.User{ID: policytest.ID(name), Name: name}
			errs = append(errs, r.AddUser(store.UserRecord{User: u}))
			for _, g := range users[name] {
				errs = append(errs, r.PutMembership(store.Membership{User: u.ID, Group: policytest.ID(g)}))
			}
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		f(r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func ids(names ...string) (list []uuid.UUID) {
	for _, name := range names {
		list = append(list, policytest.ID(name))
	}
	return rules.SortIDs(list)
}

// A group is its own junior and senior, and inheritance is transitive.
func TestHierarchy(t *testing.T) {
	within(t, map[string][]string{"amy": {"chiefs"}, "bob": {"readers"}}, func(r store.Records) {
		x := rules.Rules{Records: r, Now: noon}
		for _, c := range []struct {
			rule string
			find func() ([]uuid.UUID, error)
			want []uuid.UUID
		}{
			{"juniors", func() ([]uuid.UUID, error) { return x.Juniors(policytest.ID("chiefs")) },
				ids("chiefs", "senior-editors", "editors", "staff")},
			{"seniors", func() ([]uuid.UUID, error) { return x.Seniors(policytest.ID("editors")) },
				ids("editors", "senior-editors", "chiefs")},
			{"authorized groups", func() ([]uuid.UUID, error) { return x.AuthorizedGroups(policytest.ID("amy")) },
				ids("chiefs", "senior-editors", "editors", "staff")},
			{"groups with a permission", func() ([]uuid.UUID, error) { return x.PermissionGroups("post.publish") },
				ids("senior-editors", "chiefs")},
			{"nobody has the permission", func() ([]uuid.UUID, error) { return x.PermissionGroups("post.purge") }, nil},
		} {
			got, err := c.find()
			if rules.SortIDs(got); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, %v; want %v", c.rule, got, err, c.want)
			}
		}
		for permission, want := range map[string]bool{
			"post.publish": true, "post.read": true, "user.edit": false, "post.purge": false, "unknown": false,
		} {
			if got, err := x.HasHolder(permission); got != want || err != nil {
				t.Errorf("%s has a holder: %v, %v; want %v", permission, got, err, want)
			}
		}
	})
}

// Each check finds the users who violate a set, or would.
func TestSeparation(t *testing.T) {
	users := map[string][]string{"amy": {"chiefs"}, "bob": {"editors"}, "eve": {"senior-editors", "staff"}}
	within(t, users, func(r store.Records) {
		x := rules.Rules{Records: r, Now: noon}
		set := store.Separation{Name: "apart", Cardinality: 2, Groups: ids("editors", "staff")}
		all := func(store.Ticket) bool { return true }
		violators := func(found []rules.Violation, err error) []uuid.UUID {
			if err != nil {
				t.Fatal(err)
			}
			var list []uuid.UUID
			for _, v := range found {
				list = append(list, v.User)
			}
			return list
		}
		if got := violators(x.CheckSet(set, all)); !slices.Equal(got, ids("amy", "eve")) {
			t.Errorf("a static set is violated by %v", got)
		}
		set.Dynamic = true
		if got := violators(x.CheckSet(set, all)); got != nil {
			t.Errorf("without a ticket, a dynamic set is violated by %v", got)
		}
		ticket := store.Ticket{ID: uuid.New(), User: policytest.ID("eve"), Created: noon, Expires: noon.Add(time.Hour)}
		if err := r.AddTicket(ticket); err != nil {
			t.Fatal(err)
		}
		if got := violators(x.CheckSet(set, all)); !slices.Equal(got, ids("eve")) {
			t.Errorf("with a ticket, a dynamic set is violated by %v", got)
		}
		ended := func(store.Ticket) bool { return false }
		if got := violators(x.CheckSet(set, ended)); got != nil {
			t.Errorf("after the end of the ticket, a dynamic set is violated by %v", got)
		}

		static := store.Separation{Name: "desks", Cardinality: 2, Groups: ids("editors", "readers")}
		if err := r.PutSeparation(static); err != nil {
			t.Fatal(err)
		}
		m := store.Membership{User: policytest.ID("bob"), Group: policytest.ID("readers")}
		if got := violators(x.CheckMembership(m)); !slices.Equal(got, ids("bob")) {
			t.Errorf("a membership makes %v violate a set", got)
		}
		m.Until = noon
		if got := violators(x.CheckMembership(m)); got != nil {
			t.Errorf("a membership that has ended makes %v violate a set", got)
		}
		edge := store.Inheritance{Senior: policytest.ID("senior-editors"), Junior: policytest.ID("readers")}
		sets, err := x.SetsWith(ids("readers"))
		if err != nil {
			t.Fatal(err)
		}
		if got := violators(x.CheckInheritance(edge, sets, all)); len(got) != 2 {
			t.Errorf("an inheritance makes %v violate a set, not amy and eve", got)
		}
	})
}
