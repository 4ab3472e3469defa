package rbac_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/rbac-go/rbac"
)

// TestSnapshotsStay reads a policy in every way, from many goroutines, while
// two Authorities change the policy and follow each other. Under the race
// detector the test proves that nothing published is written to; without, that
// a snapshot has the same answers at its end as at its beginning.
func TestSnapshotsStay(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	a, b := h.open(rbac.Config{Protected: []string{"post.p1"}}), h.open(rbac.Config{})
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		must(t, tx.AddSection(rbac.Section{Name: "posts"}))
		for i := range 8 {
			must(t, all(addGroup(rbac.Group{Name: fmt.Sprint("g", i)}), addPermission(rbac.Permission{Name: fmt.Sprint("post.p", i), Section: "posts"}))(tx))
		}
		return all(grant("g0", "post.p1"), inherit("g1", "g0"), addUser(rbac.User{Name: "amy"}), addUser(rbac.User{Name: "bob"}), assign("amy", "g1"), assign("bob", "g2"))(tx)
	}))
	token := h.issue(a, rbac.Login{User: "amy"})
	changes := [][2]func(*rbac.Tx) error{
		{grant("g2", "post.*"), revoke("g2", "post.*")},
		{inherit("g2", "g3"), func(tx *rbac.Tx) error { return tx.DeleteInheritance(rbac.Inheritance{Senior: "g2", Junior: "g3"}) }},
		{dsd("desks", 2, "g1", "g2"), func(tx *rbac.Tx) error { return tx.DeleteDSDSet("desks") }},
		{all(addGroup(rbac.Group{Name: "new"}), assign("bob", "new"), grant("new", "post.p2")), func(tx *rbac.Tx) error { return tx.DeleteGroup("new") }},
		{renameGroup("g4", "x4"), renameGroup("x4", "g4")},
		{addPermission(rbac.Permission{Name: "post.new", Section: "posts"}), func(tx *rbac.Tx) error { return tx.DeletePermission("post.new") }},
	}
	ask := func(who *rbac.Authority) {
		for _, name := range []string{"amy", "bob"} {
			id := must1(who.Identity(ctx, name))
			first := told(who, id)
			_, _ = who.ExplainUser(ctx, name, rbac.HasPermission("post.p2"))
			_ = who.View(ctx, func(tx *rbac.Tx) error { _ = tx.Check(token, rbac.HasPermission("post.p1")); return nil })
			if again := told(who, id); again != first {
				t.Errorf("a snapshot said %s, and then %s", first, again)
			}
		}
	}
	during(t, func() {
		for i := range 10 {
			for n, c := range changes {
				who := []*rbac.Authority{a, b}[(i+n)%2]
				for _, do := range c {
					must(t, who.Update(ctx, func(tx *rbac.Tx) error {
						must(t, do(tx))
						return tx.Check(token, rbac.HasPermission("post.p1"))
					}))
				}
			}
		}
	}, func() { ask(a) }, func() { ask(a) }, func() { ask(b) }, func() { ask(b) })
	for _, who := range []*rbac.Authority{a, b} {
		must1(who.Identity(ctx, "amy"))
		if drift := must1(who.PolicyDrift(ctx)); drift != "" {
			t.Errorf("in the end an Authority %s", drift)
		}
	}
}

// told returns all answers of an identity about itself.
func told(a *rbac.Authority, id *rbac.Identity) string {
	text := fmt.Sprint(a.Menu(id), rbac.Explain(id, rbac.HasPermission("post.p2")).Reason)
	for name := range id.Groups() {
		text += " " + name
	}
	for name := range id.Permissions() {
		text += " " + name
	}
	return text
}

// during repeats others, each by itself, until f has ended.
func during(t *testing.T, f func(), others ...func()) {
	t.Helper()
	running, end := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	for _, other := range others {
		wait.Go(func() {
			for running.Err() == nil {
				other()
			}
		})
	}
	f()
	end()
	wait.Wait()
}
