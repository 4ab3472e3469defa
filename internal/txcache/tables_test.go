package txcache_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/txcache"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// In a store of many groups the cost of an Update follows the records that the
// Update touches. An Update that touches many reads whole tables.
func TestLargePolicyIsReadWholeLate(t *testing.T) {
	must(t, memorystore.New().Update(ctx, func(s store.Records) error {
		for _, c := range []struct{ groups, asked, whole int }{
			{0, txcache.MinAsked, 0}, {0, txcache.MinAsked + 1, 3}, {10_000, 100, 0}, {10_000, 101, 1}, {10_000, 1000, 1}, {10_000, 1001, 3}, {10_000, 5000, 3},
		} {
			whole := 0
			r := txcache.NewUpdate(ctx, countingWhole{s, &whole}, nil, c.groups)
			for range c.asked {
				_, _ = r.Group(store.GroupKey{Name: "nobody"})
				must(t, errorOf(r.Inheritances(store.InheritanceFilter{Senior: uuid.UUID{1}})))
				must(t, errorOf(r.Separations(store.SeparationFilter{Groups: []uuid.UUID{{1}}})))
			}
			if whole != c.whole {
				t.Errorf("of %d groups %d questions each read %d whole tables, want %d", c.groups, c.asked, whole, c.whole)
			}
		}
		return nil
	}))
}

// countingWhole counts the calls that read a whole table.
type countingWhole struct {
	store.Records
	whole *int
}

func (r countingWhole) Groups() ([]store.Group, error) { *r.whole++; return r.Records.Groups() }
func (r countingWhole) Separations(f store.SeparationFilter) ([]store.Separation, error) {
	if f.Groups == nil {
		*r.whole++
	}
	return r.Records.Separations(f)
}
func (r countingWhole) Inheritances(f store.InheritanceFilter) ([]store.Inheritance, error) {
	if f == (store.InheritanceFilter{}) {
		*r.whole++
	}
	return r.Records.Inheritances(f)
}

// A group that is asked for again, by its id or its name, is read once: a check
// of many memberships asks for the same groups each time. A change counts.
func TestGroupsAreReadOnce(t *testing.T) {
	must(t, memorystore.New().Update(ctx, func(s store.Records) error {
		one, two := store.Group{ID: uuid.UUID{1}, Name: "one"}, store.Group{ID: uuid.UUID{2}, Name: "two"}
		must(t, s.PutGroup(one))
		must(t, s.PutGroup(two))
		asked := 0
		r := txcache.NewUpdate(ctx, countingGroups{s, &asked}, nil, 2)
		for range 20 {
			for _, g := range []store.Group{one, two} {
				if first(r.Group(store.GroupKey{ID: g.ID})) != g || first(r.Group(store.GroupKey{Name: g.Name})) != g {
					t.Fatalf("the group %s is another", g.Name)
				}
			}
		}
		if asked > 4 {
			t.Errorf("two groups were read %d times", asked)
		}
		two.Name = "other"
		must(t, r.PutGroup(two))
		if got := first(r.Group(store.GroupKey{ID: two.ID})); got != two {
			t.Errorf("after another name, the group is %+v", got)
		}
		must(t, r.DeleteGroup(one.ID))
		if _, err := r.Group(store.GroupKey{ID: one.ID}); err == nil {
			t.Error("a deleted group is there")
		}
		return nil
	}))
}

// countingGroups counts the calls that read one group.
type countingGroups struct {
	store.Records
	asked *int
}

func (r countingGroups) Group(k store.GroupKey) (store.Group, error) {
	*r.asked++
	return r.Records.Group(k)
}
