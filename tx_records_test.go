package rbac_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// Whatever an Update remembers of its reads, a call in the Update is refused,
// or not, like a call in an Update of its own, which has nothing to remember.
// Thousands of changes ensure that tables are read whole, too.
func TestOneUpdateDecidesAsManyDo(t *testing.T) {
	for seed := range uint64(4) {
		steps := rollSteps(rand.New(rand.NewPCG(seed, 1)), 4000)
		one, many := newHouse(t, memorystore.New()).open(rbac.Config{}), newHouse(t, memorystore.New()).open(rbac.Config{})
		var got []error
		must(t, one.Update(ctx, func(tx *rbac.Tx) error {
			for _, s := range steps {
				got = append(got, s.do(tx))
			}
			return nil
		}))
		refused := map[error]int{}
		for i, s := range steps {
			want := many.Update(ctx, s.do)
			if fmt.Sprint(got[i]) != fmt.Sprint(want) {
				t.Fatalf("seed %d, step %d, %s: %v in one Update, %v in its own", seed, i, s.name, got[i], want)
			}
			for _, kind := range []error{rbac.ErrNotFound, rbac.ErrExists, rbac.ErrSeparation, rbac.ErrCycle} {
				if errors.Is(want, kind) {
					refused[kind]++
				}
			}
		}
		if len(refused) != 4 {
			t.Errorf("seed %d: refused were only %v", seed, refused)
		}
	}
}

type rolledStep struct {
	name string
	do   func(*rbac.Tx) error
}

func rollSteps(r *rand.Rand, n int) []rolledStep {
	steps := make([]rolledStep, n)
	for i := range steps {
		u, v := fmt.Sprintf("user-%d", r.IntN(5)), fmt.Sprintf("user-%d", r.IntN(5))
		g, h := fmt.Sprintf("group-%d", r.IntN(8)), fmt.Sprintf("group-%d", r.IntN(8))
		set, member := fmt.Sprintf("set-%d", r.IntN(2)), rbac.Membership{User: u, Group: g, Scope: []string{"", "berlin"}[r.IntN(2)]}
		calls := []rolledStep{
			{"AddUser " + u, func(tx *rbac.Tx) error { _, err := tx.AddUser(rbac.User{Name: u}); return err }},
			{"AddGroup " + g, func(tx *rbac.Tx) error { _, err := tx.AddGroup(rbac.Group{Name: g}); return err }},
			{"AssignUser", func(tx *rbac.Tx) error { return tx.AssignUser(member) }},
			{"DeassignUser", func(tx *rbac.Tx) error { return tx.DeassignUser(member) }},
			{"AddInheritance", func(tx *rbac.Tx) error { return tx.AddInheritance(rbac.Inheritance{Senior: g, Junior: h}) }},
			{"DeleteInheritance", func(tx *rbac.Tx) error { return tx.DeleteInheritance(rbac.Inheritance{Senior: g, Junior: h}) }},
			{"CreateSSDSet", func(tx *rbac.Tx) error {
				return tx.CreateSSDSet(rbac.SeparationSet{Name: set, Groups: []string{g, h}, Cardinality: 2})
			}},
			{"rename " + u, func(tx *rbac.Tx) error { return relabelUser(tx, u, v) }},
			{"rename " + g, func(tx *rbac.Tx) error { return relabelGroup(tx, g, h) }},
			{"DeleteUser " + u, func(tx *rbac.Tx) error { return tx.DeleteUser(u) }},
			{"DeleteGroup " + g, func(tx *rbac.Tx) error { return tx.DeleteGroup(g) }},
			{"DeleteSSDSet " + set, func(tx *rbac.Tx) error { return tx.DeleteSSDSet(set) }},
			{"AddSSDSetMember", func(tx *rbac.Tx) error { return tx.AddSSDSetMember(set, g) }},
		}
		// Mostly changes of relations: nothing is remembered of records that
		// are deleted all the time.
		steps[i] = calls[[]int{0, 0, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 7, 8, 9, 10, 11, 12}[r.IntN(24)]]
	}
	return steps
}

func relabelUser(tx *rbac.Tx, from, to string) error {
	u, err := tx.User(from)
	if err != nil {
		return err
	}
	u.Name = to
	return tx.ModifyUser(u)
}

func relabelGroup(tx *rbac.Tx, from, to string) error {
	g, err := tx.Group(from)
	if err != nil {
		return err
	}
	g.Name = to
	return tx.ModifyGroup(g)
}

// A dead Tx answers nothing, not even from memory.
func TestTxForgetsAtItsEnd(t *testing.T) {
	a := newHouse(t, memorystore.New()).open(rbac.Config{})
	var kept *rbac.Tx
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		kept = tx
		_, err := tx.AddUser(rbac.User{Name: "amy"})
		return err
	}))
	if u, err := kept.User("amy"); !errors.Is(err, rbac.ErrTxDone) {
		t.Errorf("after its end a Tx knows of %q, with the error %v", u.Name, err)
	}
}
