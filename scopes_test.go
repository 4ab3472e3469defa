package rbac_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// Tx.Scopes lists the scopes that have memberships.
func TestTxScopes(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := orgs(t, h)
		h.do(a, func(tx *rbac.Tx) error {
			scopes := func() []string { return names(tx.Scopes(), func(s string) string { return s }) }
			if got := scopes(); !slices.Equal(got, []string{"org:1", "org:2"}) {
				t.Errorf("the scopes are %q", got)
			}
			must(t, assignIn("amy", "staff", "org:10")(tx))
			must(t, second(tx.EndScope("org:2")))
			if got := scopes(); !slices.Equal(got, []string{"org:1", "org:10"}) {
				t.Errorf("then the scopes are %q", got)
			}
			return nil
		})
	})
}

// A tenant that reuses the name of one that has ended inherits nothing: no
// membership, no active group of a ticket, and no end of a membership.
func TestEndScope(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := orgs(t, h)
		other := h.open(rbac.Config{})
		h.do(a, func(tx *rbac.Tx) error {
			must(t, addPermission(rbac.Permission{Name: "post.edit"})(tx))
			return grant("leads", "post.edit")(tx)
		})
		whole := h.issue(a, rbac.Login{User: "amy"})
		narrowed := h.issue(a, rbac.Login{User: "amy", Groups: []string{"leads", "staff"}})
		edits := func(scope string, tok rbac.Token) bool {
			t.Helper()
			of := [2]bool{}
			for i, x := range []*rbac.Authority{a, other} {
				err := x.Judge(rbac.AtLeast(ctx, a.Revision()), tok, rbac.In(scope, rbac.HasPermission("post.edit")))
				if of[i] = err == nil; err != nil && !errors.Is(err, rbac.ErrDenied) {
					t.Fatal(err)
				}
			}
			if of[0] != of[1] {
				t.Errorf("in %s two Authorities disagree", scope)
			}
			return of[0]
		}
		if !edits("org:1", whole) || !edits("org:1", narrowed) {
			t.Fatal("amy may not edit")
		}
		before := a.Revision()
		h.do(a, func(tx *rbac.Tx) error {
			n, err := tx.EndScope("org:1")
			if n != 3 {
				t.Errorf("%d memberships have ended; want 3", n)
			}
			return err
		})
		if got := a.Revision(); got != before+1 {
			t.Errorf("%d Updates were made", got-before)
		}
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			log, err := store.Collect(tx.Changes(rbac.ChangeQuery{After: before}))
			must(t, err)
			var ended []string
			for _, c := range log {
				if c.Action == "DeassignUser" {
					ended = append(ended, c.Subject+" "+c.Object+" "+c.Scope)
				}
			}
			if !slices.Equal(ended, []string{"amy leads org:1", "bob staff org:1", "cid staff org:1"}) {
				t.Errorf("the log has %q", ended)
			}
			if rest := names(tx.Memberships(rbac.MembershipQuery{}), membershipText); !slices.Equal(rest, []string{"amy staff ", "amy staff org:2", "bob leads org:2"}) {
				t.Errorf("the other memberships are %q", rest)
			}
			return nil
		}))
		if edits("org:1", whole) || edits("org:1", narrowed) {
			t.Error("amy edits in the scope that has ended")
		}
		h.do(a, func(tx *rbac.Tx) error { return assignIn("bob", "leads", "org:1")(tx) }) // the next tenant
		if edits("org:1", whole) || edits("org:1", narrowed) {
			t.Error("amy edits in the next tenant")
		}
		h.do(a, func(tx *rbac.Tx) error { return assignIn("amy", "leads", "org:1")(tx) })
		if !edits("org:1", whole) {
			t.Error("amy may not edit, though assigned again")
		}
		if edits("org:1", narrowed) {
			t.Error("the choice of a ticket has come back to life")
		}
	})
}

// EndScope of an unknown scope ends nothing, and everywhere is no scope to end.
func TestEndScopeNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := orgs(t, h)
		before := a.Revision()
		h.do(a, func(tx *rbac.Tx) error {
			for scope, want := range map[string]error{"org:3": nil, "": rbac.ErrInvalid, "a\x00": rbac.ErrInvalid} {
				if n, err := tx.EndScope(scope); n != 0 || !errors.Is(err, want) {
					t.Errorf("EndScope(%q): %d, %v", scope, n, err)
				}
			}
			return nil
		})
		if a.Revision() != before {
			t.Error("nothing has changed, and the head has moved")
		}
		err := a.View(ctx, func(tx *rbac.Tx) error { return second(tx.EndScope("org:1")) })
		if !errors.Is(err, rbac.ErrReadOnly) {
			t.Errorf("in a View: %v", err)
		}
	})
}

// A scope ends for those only who may change everything.
func TestEndScopeAsDelegate(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := orgs(t, h)
		h.do(a, func(tx *rbac.Tx) error {
			must(t, addGroup(rbac.Group{Name: "operators"})(tx))
			must(t, grant("operators", "rbac.administer")(tx))
			must(t, tx.AddDelegation(rbac.Delegation{Group: "leads", Assign: []string{"leads", "staff"}, Users: true}))
			must(t, assignIn("cid", "operators", "org:1")(tx)) // administers one scope
			must(t, addUser(rbac.User{Name: "dora"})(tx))
			return assign("dora", "operators")(tx)
		})
		for name, want := range map[string]error{"amy": rbac.ErrDenied, "bob": rbac.ErrDenied, "cid": rbac.ErrDenied, "dora": nil} {
			id, err := a.Identity(ctx, name)
			must(t, err)
			_, err = a.PreviewAs(ctx, id, func(tx *rbac.Tx) error { return second(tx.EndScope("org:1")) })
			if !errors.Is(err, want) {
				t.Errorf("as %s: %v; want %v", name, err, want)
			}
		}
	})
}

// A protected permission keeps its holder: by a membership without a scope, so
// the end of a scope takes none.
func TestEndScopeProtected(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{Protected: []string{"manage"}})
		h.groups(a, map[string][]string{"admins": {"manage"}})
		h.user(a, "amy", "", "admins")
		h.do(a, assignIn("amy", "admins", "org:1"))
		h.do(a, func(tx *rbac.Tx) error { return second(tx.EndScope("org:1")) })
		effect, err := a.Preview(ctx, func(tx *rbac.Tx) error { return second(tx.EndScope("org:1")) })
		if err != nil || len(effect.Changes) != 0 {
			t.Errorf("%+v, %v", effect, err)
		}
	})
}

// An ended membership ends with its scope, too: ModifyMembership cannot bring
// it back for the next tenant.
func TestEndScopeEndsEnded(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := orgs(t, h)
		h.clock.Advance(24 * time.Hour)
		h.do(a, func(tx *rbac.Tx) error { return second(tx.EndScope("org:1")) })
		err := a.Update(ctx, func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "cid", Group: "staff", Scope: "org:1"})
		})
		if !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("the membership is modified: %v", err)
		}
	})
}
