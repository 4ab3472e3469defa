package rbac_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// A random history of changes, made by two Authorities: after each of them they answer as one
// that has just been opened and has no cache.
func TestCachedAnswersLikeFresh(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		cfg := rbac.Config{IdleLimit: 1000 * time.Hour, AbsoluteLimit: 1000 * time.Hour, CachedUsers: 3, CachedTickets: 4}
		a, b := h.open(cfg), h.open(rbac.Config{IdleLimit: 1000 * time.Hour, AbsoluteLimit: 1000 * time.Hour})
		r := &history{h: h, Rand: rand.New(rand.NewPCG(3, 1)), users: []string{"u0", "u1", "u2", "u3", "u4"},
			groups: []string{"g0", "g1", "g2", "g3"}, permissions: []string{"p0", "p1", "p2"}}
		h.do(a, r.everything)
		refused := 0
		for n := range 400 {
			x := []*rbac.Authority{a, b}[r.IntN(2)]
			what, err := r.change(x)
			if err != nil {
				refused++
			}
			fresh, err := rbac.Open(ctx, h.store, rbac.Config{Clock: h.clock.Now, Argon2id: cheap, IdleLimit: 1000 * time.Hour, AbsoluteLimit: 1000 * time.Hour})
			must(t, err)
			want := r.answers(fresh)
			must(t, fresh.Close())
			for i, y := range []*rbac.Authority{a, b} {
				if got := r.answers(y); !slices.Equal(got, want) {
					t.Fatalf("after change %d, %s, Authority %d differs from a fresh one:\n%q\n%q", n, what, i, got, want)
				}
			}
		}
		if refused > 300 {
			t.Errorf("%d of 400 changes were refused: the history says little", refused)
		}
	})
}

type history struct {
	h *house
	*rand.Rand
	users, groups, permissions []string
	tokens                     []rbac.Token
}

// everything adds all users, groups and permissions, to begin with.
func (r *history) everything(tx *rbac.Tx) error {
	var errs []error
	for _, name := range r.users {
		_, err := tx.AddUser(rbac.User{Name: name, Subject: "sub|" + name})
		errs = append(errs, err)
	}
	for _, name := range r.groups {
		_, err := tx.AddGroup(rbac.Group{Name: name})
		errs = append(errs, err)
	}
	for _, name := range r.permissions {
		_, err := tx.AddPermission(rbac.Permission{Name: name})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (r *history) of(names []string) string { return names[r.IntN(len(names))] }

// change makes a random change; most are accepted.
func (r *history) change(a *rbac.Authority) (what string, err error) {
	u, g, g2, p := r.of(r.users), r.of(r.groups), r.of(r.groups), r.of(r.permissions)
	m := rbac.Membership{User: u, Group: g}
	if r.IntN(3) == 0 {
		m.Until = r.h.clock.Now().Add(time.Duration(r.IntN(20)) * time.Minute)
	}
	kinds := []struct {
		name string
		f    func(*rbac.Tx) error
	}{
		{"AssignUser", func(tx *rbac.Tx) error { return tx.AssignUser(m) }},
		{"AssignUser", func(tx *rbac.Tx) error { return tx.AssignUser(m) }},
		{"ModifyMembership", func(tx *rbac.Tx) error { return tx.ModifyMembership(m) }},
		{"DeassignUser", func(tx *rbac.Tx) error { return tx.DeassignUser(m) }},
		{"GrantPermission", func(tx *rbac.Tx) error { return tx.GrantPermission(rbac.Grant{Group: g, Permission: p}) }},
		{"RevokePermission", func(tx *rbac.Tx) error { return tx.RevokePermission(rbac.Grant{Group: g, Permission: p}) }},
		{"AddInheritance", func(tx *rbac.Tx) error { return tx.AddInheritance(rbac.Inheritance{Senior: g, Junior: g2}) }},
		{"DeleteInheritance", func(tx *rbac.Tx) error { return tx.DeleteInheritance(rbac.Inheritance{Senior: g, Junior: g2}) }},
		{"AddUser", func(tx *rbac.Tx) error { _, err := tx.AddUser(rbac.User{Name: u, Subject: "sub|" + u}); return err }},
		{"AddGroup", func(tx *rbac.Tx) error { _, err := tx.AddGroup(rbac.Group{Name: g}); return err }},
		{"AddPermission", func(tx *rbac.Tx) error { _, err := tx.AddPermission(rbac.Permission{Name: p}); return err }},
		{"SetPasswordHash", func(tx *rbac.Tx) error { return tx.SetPasswordHash(u, "") }},
		{"ModifyUser", func(tx *rbac.Tx) error { return r.modifyUser(tx, u) }},
		{"ModifyGroup", func(tx *rbac.Tx) error { return r.swapNames(tx, g, g2) }},
	}
	if r.IntN(10) == 0 {
		kinds = []struct {
			name string
			f    func(*rbac.Tx) error
		}{
			{"DeleteUser", func(tx *rbac.Tx) error { return tx.DeleteUser(u) }},
			{"DeleteGroup", func(tx *rbac.Tx) error { return tx.DeleteGroup(g) }},
			{"DeletePermission", func(tx *rbac.Tx) error { return tx.DeletePermission(p) }},
		}
	}
	switch r.IntN(4) {
	case 0:
		return r.ticket(a, u, g)
	case 1:
		r.h.clock.Advance(time.Duration(r.IntN(5)) * time.Minute)
	}
	k := kinds[r.IntN(len(kinds))]
	return fmt.Sprint(k.name, " ", u, g, g2, p), a.Update(ctx, k.f)
}

func (r *history) ticket(a *rbac.Authority, u, g string) (string, error) {
	switch r.IntN(6) {
	case 0:
		n, err := a.LogoutUser(ctx, u)
		return fmt.Sprint("LogoutUser ", u, n), err
	case 1:
		if len(r.tokens) > 0 {
			return "Logout", a.Logout(ctx, r.tokens[r.IntN(len(r.tokens))])
		}
	}
	l := rbac.Login{User: u}
	if r.IntN(2) == 0 {
		l.Groups = []string{g}
	}
	tok, err := a.Issue(ctx, l)
	if err == nil {
		r.tokens = append(r.tokens[max(0, len(r.tokens)-9):], tok)
	}
	return "Issue " + u, err
}

func (r *history) modifyUser(tx *rbac.Tx, name string) error {
	u, err := tx.User(name)
	if err != nil {
		return err
	}
	switch r.IntN(4) {
	case 0:
		u.Disabled = !u.Disabled
	case 1:
		u.Name = r.of(r.users)
	case 2:
		u.Subject = "sub|" + r.of(r.users)
	default:
		u.Note += "."
	}
	return tx.ModifyUser(u)
}

func (r *history) swapNames(tx *rbac.Tx, one, two string) error {
	g, err := tx.Group(one)
	if err != nil {
		return err
	}
	g2, err := tx.Group(two)
	if err != nil || g.ID == g2.ID {
		return err
	}
	for _, step := range []rbac.Group{{ID: g.ID, Name: "swap"}, {ID: g2.ID, Name: one}, {ID: g.ID, Name: two}} {
		if err := tx.ModifyGroup(step); err != nil {
			return err
		}
	}
	return nil
}

// answers are all that an Authority says of the users and the tickets.
func (r *history) answers(a *rbac.Authority) (answers []string) {
	describe := func(id *rbac.Identity, err error) {
		if err != nil {
			answers = append(answers, err.Error())
			return
		}
		answers = append(answers, fmt.Sprint(id, id.ID(), slices.Collect(id.Groups()), slices.Collect(id.Permissions())))
	}
	for _, u := range r.users {
		describe(a.Identity(ctx, u))
		describe(a.IdentityBySubject(ctx, "sub|"+u))
	}
	for _, tok := range r.tokens {
		describe(a.Identify(ctx, tok))
	}
	describe(a.Identify(ctx, rbac.Token{}))
	return answers
}
