package rbac_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/processtest"
)

var (
	previewUsers       = []string{"amy", "bob", "cleo", "dora"}
	previewGroups      = []string{"a", "b", "c", "d", "e"}
	previewPermissions = []string{"post.edit", "post.delete", "page.edit", "ring"}
	previewGrants      = append([]string{"*", "post.*"}, previewPermissions...)
	previewScopes      = []string{"", "x", "y"}
)

// The effect of a Preview is the difference between what the Identity of each
// user has before and after the same Update, in each scope, and the error is
// the error of the Update.
//
// RBAC_PREVIEWS sets the number of Updates for each store; in CI 1000.
func TestPreviewIsTheDifference(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		random := rand.New(rand.NewPCG(359, 1))
		a := previewWorld(h)
		changed, refused := 0, map[string]int{}
		updates := processtest.NumberFrom(t, "RBAC_PREVIEWS", 60)
		for n := range updates {
			if n%60 == 59 { // deletions and sets leave less and less to change
				h = h.beside(t)
				a = previewWorld(h)
			}
			f, text := randomUpdate(random)
			before, revision := rightsOfAll(t, a), a.Revision()
			effect, err := a.Preview(ctx, f)
			if got := rightsOfAll(t, a); !maps.Equal(got, before) || a.Revision() != revision {
				t.Fatalf("%d. %s: the preview has changed something", n, text)
			}
			updated := a.Update(ctx, f)
			if fmt.Sprint(err) != fmt.Sprint(updated) {
				t.Fatalf("%d. %s: Preview: %v, Update: %v", n, text, err, updated)
			}
			after := rightsOfAll(t, a)
			if err != nil {
				refused[fmt.Sprint(errors.Is(err, rbac.ErrProtected), errors.Is(err, rbac.ErrSeparation))]++
				continue
			}
			if problem := comparedEffect(effect, before, after); problem != "" {
				t.Fatalf("%d. %s: %s\n%+v", n, text, problem, effect)
			}
			if effect.Users > 0 {
				changed++
			}
			h.clock.Advance(time.Minute)
		}
		if changed < updates/8 || len(refused) == 0 {
			t.Errorf("%d effects, errors %v: too few to prove anything", changed, refused)
		}
	})
}

// previewWorld has every permission, group and user; each user is in a group.
func previewWorld(h *house) *rbac.Authority {
	a := h.open(rbac.Config{Protected: []string{"ring"}})
	h.do(a, func(tx *rbac.Tx) error {
		for _, p := range previewPermissions {
			must(h.t, alone(tx.AddPermission(rbac.Permission{Name: p})))
		}
		for _, g := range previewGroups {
			must(h.t, alone(tx.AddGroup(rbac.Group{Name: g})))
		}
		for i, name := range previewUsers {
			must(h.t, alone(tx.AddUser(rbac.User{Name: name})))
			must(h.t, tx.AssignUser(rbac.Membership{User: name, Group: previewGroups[i]}))
		}
		return tx.GrantPermission(rbac.Grant{Group: "a", Permission: "ring"})
	})
	return a
}

// rightsOfAll returns what every user has, in every scope.
func rightsOfAll(t *testing.T, a *rbac.Authority) map[rbac.Right]bool {
	t.Helper()
	rights := map[rbac.Right]bool{}
	var names []string
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		names = nil
		for u, err := range tx.Users(rbac.UserQuery{}) {
			must(t, err)
			names = append(names, u.Name)
		}
		return nil
	}))
	for _, name := range names {
		id, err := a.Identity(ctx, name)
		if errors.Is(err, rbac.ErrDenied) {
			continue // disabled
		}
		must(t, err)
		for _, scope := range previewScopes {
			here := id
			if scope != "" {
				here = id.In(scope)
			}
			for p := range here.Permissions() {
				rights[rbac.Right{User: name, Permission: p, Scope: scope}] = true
			}
		}
	}
	return rights
}

// comparedEffect compares an effect with the rights before and after. In each
// scope, the rights of an effect are the listed rights of the scope and of
// everywhere, without those that were held, or are held, by other memberships.
func comparedEffect(e rbac.Effect, before, after map[rbac.Right]bool) string {
	users := map[string]bool{}
	for right := range maps.Keys(before) {
		if !after[right] {
			users[right.User] = true
		}
	}
	for right := range maps.Keys(after) {
		if !before[right] {
			users[right.User] = true
		}
	}
	if e.Users != len(users) || e.More {
		return fmt.Sprintf("%d users, the difference has %d", e.Users, len(users))
	}
	for _, c := range []struct {
		kind     string
		listed   []rbac.Right
		from, to map[rbac.Right]bool
	}{{"gained", e.Gained, before, after}, {"lost", e.Lost, after, before}} {
		listed := map[rbac.Right]bool{}
		for i, right := range c.listed {
			if listed[right] || i > 0 && rightText(c.listed[i-1]) > rightText(right) {
				return "the order of the list"
			}
			listed[right] = true
			if everywhere := (rbac.Right{User: right.User, Permission: right.Permission}); right != everywhere && listed[everywhere] {
				return c.kind + " twice: " + rightText(right)
			}
		}
		for _, scope := range previewScopes {
			for _, user := range previewUsers {
				for _, p := range previewPermissions {
					right := rbac.Right{User: user, Permission: p, Scope: scope}
					everywhere := rbac.Right{User: user, Permission: p}
					got := (listed[right] || listed[everywhere]) && !c.from[right]
					if want := c.to[right] && !c.from[right]; got != want {
						return fmt.Sprintf("%s %s: %v", c.kind, rightText(right), got)
					}
				}
			}
		}
	}
	return ""
}

func rightText(r rbac.Right) string {
	return fmt.Sprintf("%s\x00%s\x00%s", r.User, r.Permission, r.Scope)
}

// randomUpdate draws an Update of a few changes. A refused change is left out,
// but for a violated set every other time.
func randomUpdate(random *rand.Rand) (f func(*rbac.Tx) error, text string) {
	var steps []func(*rbac.Tx) error
	for range 1 + random.IntN(4) {
		step, name := randomStep(random)
		steps = append(steps, step)
		text += name + "; "
	}
	strict := random.IntN(2) == 0
	return func(tx *rbac.Tx) error {
		for _, step := range steps {
			err := step(tx)
			if strict && errors.Is(err, rbac.ErrSeparation) {
				return err
			}
			for _, kind := range []error{rbac.ErrSeparation, rbac.ErrNotFound, rbac.ErrExists, rbac.ErrCycle, rbac.ErrInvalid} {
				err = unless(err, kind)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}, text
}

// unless returns err, or nil for an error of a kind.
func unless(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

func randomStep(random *rand.Rand) (step func(*rbac.Tx) error, text string) {
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	user, g, other := pick(previewUsers), pick(previewGroups), pick(previewGroups)
	permission, scope, grant := pick(previewPermissions), pick(previewScopes), pick(previewGrants)
	m := rbac.Membership{User: user, Group: g, Scope: scope}
	if random.IntN(4) == 0 {
		m.Until = newClock().Now().Add(time.Duration(random.IntN(200)) * time.Minute)
	}
	disabled, n := random.IntN(3) == 0, 2
	steps := map[string]func(*rbac.Tx) error{
		"AddUser " + user:         func(tx *rbac.Tx) error { return alone(tx.AddUser(rbac.User{Name: user})) },
		"AddGroup " + g:           func(tx *rbac.Tx) error { return alone(tx.AddGroup(rbac.Group{Name: g})) },
		"Assign " + fmt.Sprint(m): func(tx *rbac.Tx) error { return tx.AssignUser(m) },
		"Assign again " + fmt.Sprint(m): func(tx *rbac.Tx) error {
			return unless(tx.AssignUser(m), rbac.ErrExists)
		},
		"Modify " + fmt.Sprint(m):   func(tx *rbac.Tx) error { return tx.ModifyMembership(m) },
		"Deassign " + fmt.Sprint(m): func(tx *rbac.Tx) error { return tx.DeassignUser(m) },
		"Grant " + grant + " to " + g: func(tx *rbac.Tx) error {
			return tx.GrantPermission(rbac.Grant{Group: g, Permission: grant})
		},
		"Revoke " + grant + " of " + g: func(tx *rbac.Tx) error {
			return tx.RevokePermission(rbac.Grant{Group: g, Permission: grant})
		},
		"Inherit " + g + " " + other:    inherit(g, other),
		"Disinherit " + g + " " + other: func(tx *rbac.Tx) error { return tx.DeleteInheritance(rbac.Inheritance{Senior: g, Junior: other}) },
		"DSD " + g + " " + other:        dsd(g, n, g, other),
		"No DSD " + g:                   func(tx *rbac.Tx) error { return tx.DeleteDSDSet(g) },
		"No SSD " + g:                   func(tx *rbac.Tx) error { return tx.DeleteSSDSet(g) },
		"Permission " + permission:      func(tx *rbac.Tx) error { return alone(tx.AddPermission(rbac.Permission{Name: permission})) },
		fmt.Sprint("Disable ", user, disabled): func(tx *rbac.Tx) error {
			u, err := tx.User(user)
			if err != nil {
				return err
			}
			u.Disabled = disabled
			return tx.ModifyUser(u)
		},
		"Rename " + g + " to " + other: func(tx *rbac.Tx) error {
			record, err := tx.Group(g)
			if err != nil {
				return err
			}
			record.Name = other
			return tx.ModifyGroup(record)
		},
	}
	if random.IntN(12) == 0 { // too many of these would leave nothing
		steps = map[string]func(*rbac.Tx) error{
			"No permission " + permission: func(tx *rbac.Tx) error { return tx.DeletePermission(permission) },
			"No group " + g:               func(tx *rbac.Tx) error { return tx.DeleteGroup(g) },
			"SSD " + g + " " + other:      ssd(g, n, g, other),
			"No user " + user:             func(tx *rbac.Tx) error { return tx.DeleteUser(user) },
		}
	}
	names := slices.Sorted(maps.Keys(steps))
	for _, name := range names {
		if strings.HasPrefix(name, "Assign") || strings.HasPrefix(name, "Grant") || strings.HasPrefix(name, "Add") {
			names = append(names, name, name)
		}
	}
	text = pick(names)
	return steps[text], text
}
