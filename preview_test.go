package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/processtest"
	"github.com/rbac-go/rbac/internal/storefault"
)

// A Preview returns the error of the Update, uses no revision, and leaves the
// store and the caches alone.
func TestPreview(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, other := h.office(rbac.Config{Protected: []string{"post.edit"}}), h.open(rbac.Config{})
		h.do(a, all(ssd("pair", 2, "editors", "staff")))
		for name, c := range map[string]struct {
			f    func(*rbac.Tx) error
			want error
		}{
			"the last holder":   {all(deassign("amy", "editors"), deassign("nora", "editors")), rbac.ErrProtected},
			"a violated set":    {assign("amy", "chiefs"), rbac.ErrSeparation},
			"an error of f":     {func(*rbac.Tx) error { return errPanicked }, errPanicked},
			"an unknown record": {assign("amy", "nowhere"), rbac.ErrNotFound},
		} {
			effect, err := a.Preview(ctx, c.f)
			wantKind(t, err, c.want)
			if updated := a.Update(ctx, c.f); fmt.Sprint(updated) != fmt.Sprint(err) || effect.Changes != nil {
				t.Errorf("%s: Preview: %+v, %v; Update: %v", name, effect, err, updated)
			}
		}

		before, contentsBefore := a.Revision(), contents(t, h.store)
		effect, err := a.Preview(rbac.WithActor(ctx, "amy"), all(grant("editors", "door.open"), assignIn("nora", "staff", "x")))
		wantKind(t, err, rbac.ErrSeparation)
		effect, err = a.Preview(rbac.WithActor(ctx, "amy"), grant("editors", "door.open"))
		must(t, err)
		for _, each := range []*rbac.Authority{a, other} {
			if id, err := each.Identity(ctx, "amy"); err != nil || id.HasPermission("door.open") {
				t.Errorf("the preview is seen: %v, %v", id, err)
			}
		}
		if a.Revision() != before || contents(t, h.store) != contentsBefore {
			t.Error("the preview is written")
		}
		if len(effect.Changes) != 1 {
			t.Fatalf("got %+v", effect.Changes)
		}
		if c := effect.Changes[0]; c.Action != "GrantPermission" || c.Actor != "amy" || c.Revision != 0 || c.Nonce != 0 {
			t.Errorf("got %+v", c)
		}
		// dora is disabled
		want := []rbac.Right{{User: "amy", Permission: "door.open"}, {User: "nora", Permission: "door.open"}}
		if !slices.Equal(effect.Gained, want) || effect.Users != 2 || effect.Lost != nil || effect.More {
			t.Errorf("got %+v", effect)
		}
	})
}

// The lists of an effect are bounded, and the number of users is exact.
func TestPreviewIsBounded(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := h.open(rbac.Config{})
	h.groups(a, map[string][]string{"editors": nil, "all": {"post.edit"}})
	h.do(a, func(tx *rbac.Tx) error {
		for n := range 1200 {
			name := fmt.Sprintf("u%04d", n)
			must(t, alone(tx.AddUser(rbac.User{Name: name})))
			must(t, tx.AssignUser(rbac.Membership{User: name, Group: "editors"}))
		}
		return nil
	})
	effect, err := a.Preview(ctx, grant("editors", "post.edit"))
	must(t, err)
	if len(effect.Gained) != 1000 || effect.Users != 1200 || !effect.More || effect.Gained[999].User != "u0999" {
		t.Errorf("%d rights, %d users, more %v", len(effect.Gained), effect.Users, effect.More)
	}
	effect, err = a.Preview(ctx, func(tx *rbac.Tx) error { return tx.DeleteGroup("editors") })
	must(t, err)
	if effect.Users != 0 || effect.Gained != nil || effect.Lost != nil || len(effect.Changes) < 1200 {
		t.Errorf("%d rights, %d users, %d changes", len(effect.Lost), effect.Users, len(effect.Changes))
	}
}

// A Preview whose revision has passed is made once more, and then gives up.
func TestPreviewOvertaken(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		other := h.office(rbac.Config{})
		left, added := 0, 0 // another Update comes after each Update that is rolled back
		h.store = hooked(h.store, storefault.Hooks{Update: func(ctx context.Context, run func() error) error {
			err := run()
			if err != nil && left > 0 {
				left, added = left-1, added+1
				err = errors.Join(err, other.Update(ctx, addGroup(rbac.Group{Name: fmt.Sprint("added", added)})))
			}
			return err
		}})
		a := h.open(rbac.Config{})
		for times, want := range []error{nil, nil, rbac.ErrBusy} {
			left = times
			effect, err := a.Preview(ctx, grant("staff", "post.edit"))
			if !errors.Is(err, want) || err == nil && len(effect.Changes) != 1 || err != nil && effect.Changes != nil {
				t.Errorf("overtaken %d times: %+v, %v", times, effect, err)
			}
			if left != 0 {
				t.Errorf("%d times left", left)
			}
		}
	})
}

// Logins and logouts change no right: any number of them may come between.
func TestPreviewAmongLogouts(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		other := h.office(rbac.Config{})
		h.do(other, func(tx *rbac.Tx) error { return alone(tx.AddUser(rbac.User{Name: "gone"})) })
		var inside atomic.Bool
		var logouts atomic.Int32
		out := func() error {
			logouts.Add(1)
			token, err := other.Issue(ctx, rbac.Login{User: "gone"})
			if err != nil {
				return err
			}
			return other.Logout(ctx, token)
		}
		h.store = hooked(h.store, storefault.Hooks{Update: func(ctx context.Context, run func() error) error {
			err := run()
			if inside.Load() {
				err = errors.Join(err, out(), out())
			}
			return err
		}})
		a := h.open(rbac.Config{})
		inside.Store(true)
		effect, err := a.Preview(ctx, grant("staff", "post.edit"))
		if err != nil || len(effect.Changes) != 1 || logouts.Load() != 2 {
			t.Errorf("among %d logouts: %+v, %v", logouts.Load(), effect, err)
		}
	})
}

// BenchmarkPreview previews a grant to a group, beside a listing of its
// members.
func BenchmarkPreview(b *testing.B) {
	rounds := processtest.NumberFrom(b, "RBAC_PREVIEW_ROUNDS", 2) // of 5,000 users each
	for _, s := range stores[:2] {
		h := newHouse(b, s.open(b))
		h.realTime = true
		a := h.open(rbac.Config{})
		h.groups(a, map[string][]string{"editors": nil, "staff": {"post.edit"}})
		for n := range rounds {
			h.do(a, func(tx *rbac.Tx) error {
				for m := range 5000 {
					name := fmt.Sprintf("u%02d-%04d", n, m)
					must(b, alone(tx.AddUser(rbac.User{Name: name})))
					must(b, tx.AssignUser(rbac.Membership{User: name, Group: "editors"}))
					must(b, tx.AssignUser(rbac.Membership{User: name, Group: "editors", Scope: name}))
				}
				return nil
			})
		}
		b.Run(s.name+"/list", func(b *testing.B) {
			for b.Loop() {
				must(b, a.View(ctx, func(tx *rbac.Tx) error {
					for _, err := range tx.Users(rbac.UserQuery{Group: "editors"}) {
						must(b, err)
					}
					return nil
				}))
			}
		})
		b.Run(s.name+"/preview", func(b *testing.B) {
			for b.Loop() {
				effect, err := a.Preview(ctx, grant("editors", "post.edit"))
				if err != nil || effect.Users != 5000*rounds {
					b.Fatal(effect.Users, err)
				}
			}
		})
	}
}
