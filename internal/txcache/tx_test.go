package txcache_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/txcache"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// inSmallStore runs f in a transaction of a store with records of each table for
// which a policy answers.
func inSmallStore(t *testing.T, f func(store.Records, *policy.Policy)) {
	t.Helper()
	must(t, memorystore.New().Update(ctx, func(s store.Records) error {
		for n, name := range []string{"writers", "readers", "guests"} {
			must(t, s.PutGroup(store.Group{ID: idOf('g', n), Name: name, DisplayName: name + "!", Note: "note"}))
		}
		for n, name := range []string{"post.write", "post.read"} {
			must(t, s.PutPermission(store.Permission{ID: idOf('p', n), Name: name, Title: name + "!", Section: "posts", Position: n}))
		}
		must(t, s.PutSection(store.Section{Name: "posts", Title: "Posts", Position: 3}))
		must(t, s.PutSection(store.Section{Name: "files"}))
		must(t, s.AddInheritance(store.Inheritance{Senior: idOf('g', 0), Junior: idOf('g', 1)}))
		must(t, s.AddInheritance(store.Inheritance{Senior: idOf('g', 1), Junior: idOf('g', 2)}))
		must(t, s.AddInheritance(store.Inheritance{Senior: idOf('g', 0), Junior: idOf('g', 2)}))
		f(s, first(replica.Load(s)))
		return nil
	}))
}

// tableQuestions are questions about the tables for which a policy answers.
var tableQuestions = map[string]func(store.Records) (any, error){
	"Groups":        func(r store.Records) (any, error) { return r.Groups() },
	"Group":         func(r store.Records) (any, error) { return r.Group(store.GroupKey{Name: "readers"}) },
	"Group by id":   func(r store.Records) (any, error) { return r.Group(store.GroupKey{ID: idOf('g', 1)}) },
	"no Group":      func(r store.Records) (any, error) { return r.Group(store.GroupKey{Name: "nobody"}) },
	"no such id":    func(r store.Records) (any, error) { return r.Group(store.GroupKey{ID: uuid.UUID{9}}) },
	"Permissions":   func(r store.Records) (any, error) { return r.Permissions() },
	"Permission":    func(r store.Records) (any, error) { return r.Permission("post.read") },
	"no Permission": func(r store.Records) (any, error) { return r.Permission("post.burn") },
	"Sections":      func(r store.Records) (any, error) { return r.Sections() },
	"Inheritances":  func(r store.Records) (any, error) { return r.Inheritances(store.InheritanceFilter{}) },
	"of a senior": func(r store.Records) (any, error) {
		return r.Inheritances(store.InheritanceFilter{Senior: idOf('g', 0)})
	},
	"of a junior": func(r store.Records) (any, error) {
		return r.Inheritances(store.InheritanceFilter{Junior: idOf('g', 2)})
	},
	"of both": func(r store.Records) (any, error) {
		return r.Inheritances(store.InheritanceFilter{Senior: idOf('g', 0), Junior: idOf('g', 2)})
	},
	"of strangers": func(r store.Records) (any, error) {
		return r.Inheritances(store.InheritanceFilter{Senior: uuid.UUID{9}, Junior: uuid.UUID{8}})
	},
}

// askAll compares all answers with the store's.
func askAll(t *testing.T, when string, r, s store.Records) {
	t.Helper()
	for name, ask := range tableQuestions {
		got, gotErr := ask(r)
		want, wantErr := ask(s)
		if fmt.Sprintf("%+v %v", got, gotErr) != fmt.Sprintf("%+v %v", want, wantErr) {
			t.Errorf("%s, %s says %+v, %v; the store %+v, %v", when, name, got, gotErr, want, wantErr)
		}
	}
}

// deaf are Records that answer no question about the tables of a policy.
type deaf struct{ store.Records }

var errDeaf = errors.New("the store was asked")

func (deaf) Groups() ([]store.Group, error)              { return nil, errDeaf }
func (deaf) Group(store.GroupKey) (store.Group, error)   { return store.Group{}, errDeaf }
func (deaf) Permissions() ([]store.Permission, error)    { return nil, errDeaf }
func (deaf) Permission(string) (store.Permission, error) { return store.Permission{}, errDeaf }
func (deaf) Sections() ([]store.Section, error)          { return nil, errDeaf }
func (deaf) Inheritances(store.InheritanceFilter) ([]store.Inheritance, error) {
	return nil, errDeaf
}

// asksTheStore reports for how many questions the store is asked.
func asksTheStore(r *txcache.Tx) (n int) {
	for _, ask := range tableQuestions {
		if _, err := ask(r); errors.Is(err, errDeaf) {
			n++
		}
	}
	return n
}

// The policy answers as the store does, and the store is asked only for records
// that do not exist.
func TestPolicyAnswersForItsTables(t *testing.T) {
	inSmallStore(t, func(s store.Records, p *policy.Policy) {
		askAll(t, "at the head of the policy", txcache.NewView(ctx, s, p), s)
		if n := asksTheStore(txcache.NewView(ctx, deaf{s}, p)); n != 3 {
			t.Errorf("the store is asked %d questions; want 3, about records that do not exist", n)
		}
	})
}

// After a change of a table, the store answers for the table.
func TestPolicyIsSilentAfterAChange(t *testing.T) {
	g, free, perm := store.Group{ID: idOf('g', 1), Name: "others"}, store.Group{ID: idOf('g', 7), Name: "free"}, store.Permission{ID: idOf('p', 1), Name: "post.read", Title: "other"}
	edge := store.Inheritance{Senior: idOf('g', 1), Junior: idOf('g', 2)}
	for name, change := range map[string]func(store.Records) error{
		"PutGroup":          func(r store.Records) error { return r.PutGroup(g) },
		"DeleteGroup":       func(r store.Records) error { return r.DeleteGroup(free.ID) },
		"PutPermission":     func(r store.Records) error { return r.PutPermission(perm) },
		"DeletePermission":  func(r store.Records) error { return r.DeletePermission(perm.ID) },
		"PutSection":        func(r store.Records) error { return r.PutSection(store.Section{Name: "files", Title: "other"}) },
		"DeleteSection":     func(r store.Records) error { return r.DeleteSection("files") },
		"DeleteInheritance": func(r store.Records) error { return r.DeleteInheritance(edge) },
		"AddInheritance": func(r store.Records) error {
			return errors.Join(r.DeleteInheritance(edge), r.AddInheritance(edge))
		},
	} {
		inSmallStore(t, func(s store.Records, _ *policy.Policy) {
			must(t, s.PutGroup(free))
			r := txcache.NewView(ctx, s, first(replica.Load(s)))
			must(t, change(r))
			askAll(t, "after "+name, r, s)
		})
	}
}

// At the end of the transaction or of its context, the store has to refuse, and
// after Unwrap the caller may write to the tables.
func TestPolicyIsSilentAfterTheEnd(t *testing.T) {
	inSmallStore(t, func(s store.Records, p *policy.Policy) {
		canceled, cancel := context.WithCancel(ctx)
		ended := txcache.NewView(canceled, deaf{s}, p)
		cancel()
		stopped, unwrapped := txcache.NewView(ctx, deaf{s}, p), txcache.NewView(ctx, deaf{s}, p)
		stopped.Stop()
		unwrapped.Unwrap()
		of := txcache.NewUpdate(ctx, deaf{s}, p, 0)
		of.Stop()
		for name, r := range map[string]*txcache.Tx{
			"ended": ended, "stopped": stopped, "unwrapped": unwrapped, "unknown": txcache.NewView(ctx, deaf{s}, nil),
			"stopped Update": of,
		} {
			if n := asksTheStore(r); n != len(tableQuestions) {
				t.Errorf("%s: the store is asked only %d of %d questions", name, n, len(tableQuestions))
			}
		}
	})
}

// A policy without the odd rows of a store edited by hand is silent, so that an
// administrator sees these rows.
func TestPolicyWithoutOddRowsIsSilent(t *testing.T) {
	inSmallStore(t, func(s store.Records, _ *policy.Policy) {
		must(t, s.PutPermission(store.Permission{ID: idOf('p', 9), Name: "post.*"}))
		askAll(t, "with an odd row", txcache.NewView(ctx, s, first(replica.Load(s))), s)
	})
}

// After a change that failed, and after many changes, the store answers for the
// groups.
func TestPolicyIsSilentAfterManyChanges(t *testing.T) {
	inSmallStore(t, func(s store.Records, p *policy.Policy) {
		failed := txcache.NewView(ctx, deaf{s}, p)
		if failed.DeleteGroup(uuid.UUID{9}) == nil {
			t.Error("a group was deleted that does not exist")
		}
		many := txcache.NewView(ctx, deaf{s}, p)
		for i := range txcache.MaxChanged + 1 {
			if _, err := many.Groups(); err != nil {
				t.Fatalf("after %d changes: %v", i, err)
			}
			must(t, many.PutGroup(store.Group{ID: uuid.UUID{'n', byte(i)}, Name: fmt.Sprint("new", i)}))
		}
		for name, r := range map[string]*txcache.Tx{"a failed change": failed, "many changes": many} {
			if _, err := r.Groups(); !errors.Is(err, errDeaf) {
				t.Errorf("after %s: %v; want an answer of the store", name, err)
			}
		}
	})
}
