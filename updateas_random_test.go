package rbac_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/processtest"
	"github.com/rbac-go/rbac/store"
)

// Whatever a delegate does, nobody gains or loses a permission in a scope, for
// which the delegations there are no reason. An independent implementation, by
// the rows of the store, decides what the delegations cover.
//
// A gain is also allowed for a user with a membership that gives the
// permission: a dynamic separation set no longer keeps the group from being
// active.
//
// RBAC_PREVIEWS sets the number of Updates for each store; in CI 1000.
func TestNobodyGivesMore(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		random := rand.New(rand.NewPCG(97, 2))
		a := h.open(rbac.Config{})
		found := map[string]int{}
		for n := range processtest.NumberFrom(t, "RBAC_PREVIEWS", 30) {
			for range 2 { // the program's own changes
				f, _ := undeniedUpdate(random)
				if err := a.Update(ctx, all(f, restock(random), delegateAtRandom(random))); err != nil {
					found["refused"]++
					must(t, unless(err, rbac.ErrSeparation))
				}
			}
			for _, who := range previewUsers {
				id, err := a.Identity(ctx, who)
				if errors.Is(err, rbac.ErrDenied) || errors.Is(err, rbac.ErrNotFound) {
					continue
				}
				must(t, err)
				covers := covered(t, h, who, h.clock.Now())
				if covers == nil {
					found["administrator"]++
					continue
				}
				for range 6 {
					f, text := undeniedUpdate(random)
					effect, err := a.PreviewAs(ctx, id, f)
					if errors.Is(err, rbac.ErrDenied) || errors.Is(err, rbac.ErrSeparation) {
						continue // denied at the end
					}
					must(t, err)
					for _, right := range effect.Gained {
						found["gained"]++
						if !covers(right.Permission, right.Scope, right.User) {
							t.Fatalf("%d. %s: %s: %s gains %s in %q", n, who, text, right.User, right.Permission, right.Scope)
						}
					}
					for _, right := range effect.Lost {
						found["lost"]++
						if !covers(right.Permission, right.Scope, "") {
							t.Fatalf("%d. %s: %s: %s loses %s in %q", n, who, text, right.User, right.Permission, right.Scope)
						}
					}
				}
			}
			h.clock.Advance(time.Minute)
		}
		if found["gained"] < 10 || found["lost"] < 5 {
			t.Errorf("%v: too few to prove anything", found)
		}
	})
}

// restock adds what earlier changes have deleted, so that users, groups and
// rights remain, and few administrators.
func restock(random *rand.Rand) func(*rbac.Tx) error {
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	var memberships []rbac.Membership
	for _, user := range previewUsers {
		memberships = append(memberships, rbac.Membership{User: user, Group: pick(previewGroups), Scope: pick(previewScopes)})
	}
	return func(tx *rbac.Tx) error {
		sets, err := tx.SSDSets()
		errs := []error{err}
		for _, s := range sets {
			errs = append(errs, tx.DeleteSSDSet(s.Name))
		}
		for i, g := range previewGroups {
			p := previewPermissions[i%len(previewPermissions)]
			errs = append(errs, alone(tx.AddPermission(rbac.Permission{Name: p})), alone(tx.AddGroup(rbac.Group{Name: g})),
				tx.GrantPermission(rbac.Grant{Group: g, Permission: p}),
				unless(tx.RevokePermission(rbac.Grant{Group: g, Permission: "*"}), rbac.ErrNotFound),
				unless(tx.RevokePermission(rbac.Grant{Group: g, Permission: "rbac.administer"}), rbac.ErrNotFound))
		}
		for _, m := range memberships {
			errs = append(errs, alone(tx.AddUser(rbac.User{Name: m.User})), editUser(m.User, func(u *rbac.User) { u.Disabled = false })(tx),
				unless(tx.AssignUser(m), rbac.ErrSeparation))
		}
		for i, err := range errs {
			errs[i] = unless(err, rbac.ErrExists)
		}
		return errors.Join(errs...)
	}
}

// undeniedUpdate is randomUpdate without the changes that are denied.
func undeniedUpdate(random *rand.Rand) (f func(*rbac.Tx) error, text string) {
	var steps []func(*rbac.Tx) error
	for range 1 + random.IntN(6) {
		step, name := randomStep(random)
		steps, text = append(steps, step), text+name+"; "
	}
	return func(tx *rbac.Tx) error {
		for _, step := range steps {
			err := step(tx)
			for _, kind := range []error{rbac.ErrDenied, rbac.ErrNotFound, rbac.ErrExists, rbac.ErrCycle, rbac.ErrInvalid} {
				err = unless(err, kind)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}, text
}

// delegateAtRandom adds, replaces or deletes a delegation, or grants the
// permission of administrators.
func delegateAtRandom(random *rand.Rand) func(*rbac.Tx) error {
	pick := func() string { return previewGroups[random.IntN(len(previewGroups))] }
	d := rbac.Delegation{Group: pick(), Assign: []string{pick()}, Users: random.IntN(2) == 0}
	for range random.IntN(4) {
		if g := pick(); !slices.Contains(d.Assign, g) {
			d.Assign = append(d.Assign, g)
		}
	}
	grant := rbac.Grant{Group: pick(), Permission: "rbac.administer"}
	n := random.IntN(24)
	return func(tx *rbac.Tx) error {
		switch {
		case n < 4:
			return tx.GrantPermission(grant)
		case n < 6:
			return unless(tx.DeleteDelegation(d.Group), rbac.ErrNotFound)
		}
		err := tx.AddDelegation(d)
		if errors.Is(err, rbac.ErrExists) {
			err = tx.ModifyDelegation(d)
		}
		return err
	}
}

// covered returns whether a user may cause the gain of a permission in a scope
// by another user, or the loss for the user "": nil for an administrator. It
// reads rows, and knows neither policies nor dynamic sets.
func covered(t *testing.T, h *house, who string, now time.Time) func(permission, scope, user string) bool {
	t.Helper()
	var groups []store.Group
	var permissions []store.Permission
	var delegations []store.Delegation
	var members []store.Membership
	juniors, grants := map[uuid.UUID][]uuid.UUID{}, map[uuid.UUID][]string{}
	users := map[string]store.UserRecord{}
	must(t, h.store.View(ctx, func(r store.Records) error {
		groups, permissions = must1(r.Groups()), must1(r.Permissions())
		delegations = must1(r.Delegations())
		members = nil
		clear(juniors)
		clear(grants)
		for _, i := range must1(r.Inheritances(store.InheritanceFilter{})) {
			juniors[i.Senior] = append(juniors[i.Senior], i.Junior)
		}
		for _, g := range must1(r.Grants(store.GrantFilter{})) {
			grants[g.Group] = append(grants[g.Group], g.Permission)
		}
		for u, err := range r.Users(store.UserFilter{}) {
			must(t, err)
			users[u.Name] = u
			members = append(members, must1(r.UserMemberships(u.ID))...)
		}
		return nil
	}))
	delegate := users[who].ID
	closed := func(set map[uuid.UUID]bool) map[uuid.UUID]bool {
		for grown := true; grown; {
			grown = false
			for g := range maps.Clone(set) {
				for _, j := range juniors[g] {
					if !set[j] {
						set[j], grown = true, true
					}
				}
			}
		}
		return set
	}
	gives := func(set map[uuid.UUID]bool, permission string) bool {
		if !slices.ContainsFunc(permissions, func(p store.Permission) bool { return p.Name == permission }) {
			return false
		}
		for g := range set {
			for _, text := range grants[g] {
				prefix, pattern := strings.CutSuffix(text, "*")
				if text == permission || pattern && strings.HasPrefix(permission, prefix) {
					return true
				}
			}
		}
		return false
	}
	in := func(user uuid.UUID, scope string) map[uuid.UUID]bool {
		set := map[uuid.UUID]bool{}
		for _, m := range members {
			if m.User == user && (m.Scope == "" || m.Scope == scope) && (m.Until.IsZero() || now.Before(m.Until)) {
				set[m.Group] = true
			}
		}
		return closed(set)
	}
	// what a delegate may assign the delegate may assign herself, and so on
	assignable := func(scope string) map[uuid.UUID]bool {
		power := in(delegate, scope)
		may := map[uuid.UUID]bool{}
		for grown := true; grown; {
			grown = false
			named := map[uuid.UUID]bool{}
			for _, d := range delegations {
				if power[d.Group] {
					for _, g := range d.Assign {
						named[g] = true
					}
				}
			}
			for _, g := range groups {
				all := closed(map[uuid.UUID]bool{g.ID: true})
				ok := !gives(all, "rbac.administer")
				if scope == "" || !gives(power, "rbac.administer") {
					for j := range all {
						ok = ok && named[j]
					}
				}
				if ok && !may[g.ID] {
					may[g.ID], grown = true, true
					maps.Copy(power, all)
				}
			}
		}
		return may
	}
	if gives(in(delegate, ""), "rbac.administer") {
		return nil
	}
	reach := map[string]map[uuid.UUID]bool{}
	for _, scope := range previewScopes {
		reach[scope] = assignable(scope)
	}
	return func(permission, scope, user string) bool {
		if gives(closed(maps.Clone(reach[scope])), permission) || gives(closed(maps.Clone(reach[""])), permission) {
			return true
		}
		u, ok := users[user]
		return ok && !u.Disabled && gives(in(u.ID, scope), permission)
	}
}
