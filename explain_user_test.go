package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// tree prints an Explanation with its parts indented: + for met, - for unmet.
func tree(e rbac.Explanation) string {
	var b strings.Builder
	var walk func(rbac.Explanation, string)
	walk = func(e rbac.Explanation, indent string) {
		sign := map[bool]string{true: "+ ", false: "- "}[e.Met]
		fmt.Fprintln(&b, strings.TrimRight(indent+sign+strings.TrimPrefix(e.Predicate+": ", ": ")+e.Reason, " "))
		for _, part := range e.Parts {
			walk(part, indent+"  ")
		}
	}
	walk(e, "")
	return b.String()
}

// An administrator learns by which path a user has a group or permission, by
// whom and since when, and which memberships do not count or would grant the
// right.
func TestExplainUser(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		amy := rbac.WithActor(ctx, "amy")
		as := func(f func(tx *rbac.Tx) error) { t.Helper(); must(t, a.Update(amy, f)) }
		h.groups(a, map[string][]string{"accounting": {"invoice.read"}, "auditors": nil, "board": nil, "clerks": {"invoice.read"}, "tellers": {"cash.take"}})
		as(both(inherit("auditors", "accounting"), inherit("board", "auditors")))
		as(both(delegate("board", "clerks", "auditors"), delegate("tellers", "clerks"))) // auditors is not delegated without accounting
		as(func(tx *rbac.Tx) error {
			return tx.GrantPermission(rbac.Grant{Group: "auditors", Permission: "invoice.*"})
		})
		as(both(addUser(rbac.User{Name: "bob"}), addUser(rbac.User{Name: "eve"})))
		as(assign("bob", "auditors"))
		as(func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "bob", Group: "board", Until: h.clock.Now().Add(time.Hour)})
		})
		as(func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "bob", Group: "clerks", Scope: "org:1"})
		})
		h.clock.Advance(48 * time.Hour)
		for _, c := range []struct {
			user string
			p    rbac.Predicate
			want string
		}{
			{"Bob", rbac.InGroup("accounting"), `
+ in_group("accounting"): bob is in auditors, which inherits accounting
  + bob → auditors (assigned by amy, 2031-03-03) → accounting (inherited)
  - bob → board (assigned by amy, 2031-03-03, ended 2031-03-03) → auditors (inherited) → accounting (inherited)
`},
			{"bob", rbac.All(rbac.HasPermission("invoice.read"), rbac.NotAnonymous()), `
+ all(has_permission("invoice.read"), not_anonymous()): auditors gives invoice.read by the pattern invoice.*, the user is bob
  + has_permission("invoice.read"): auditors gives invoice.read by the pattern invoice.*
    + bob → auditors (assigned by amy, 2031-03-03) → invoice.* (granted by amy, 2031-03-03)
    + bob → auditors (assigned by amy, 2031-03-03) → accounting (inherited) → invoice.read (granted, 2031-03-03)
    - bob → board (assigned by amy, 2031-03-03, ended 2031-03-03) → auditors (inherited) → invoice.* (granted by amy, 2031-03-03)
    - bob → board (assigned by amy, 2031-03-03, ended 2031-03-03) → auditors (inherited) → accounting (inherited) → invoice.read (granted, 2031-03-03)
    - bob → clerks (assigned by amy, 2031-03-03, in org:1, which is not asked about) → invoice.read (granted, 2031-03-03)
  + not_anonymous(): the user is bob
`},
			{"bob", rbac.In("org:1", rbac.InGroup("clerks")), `
+ in("org:1", in_group("clerks")): in org:1: bob is in clerks
  + in_group("clerks"): bob is in clerks
    + bob → clerks (assigned by amy, 2031-03-03, in org:1) 
`},
			{"bob", rbac.InGroup("clerks"), `
- in_group("clerks"): needs the group clerks; bob is in accounting, auditors
  - bob → clerks (assigned by amy, 2031-03-03, in org:1, which is not asked about)
  - a membership in clerks would give it; members of board, tellers may assign the group
`},
			{"eve", rbac.HasPermission("invoice.read"), `
- has_permission("invoice.read"): needs invoice.read, which the groups accounting, auditors, clerks, board give; eve is in no group
  - a membership in accounting would give it
  - a membership in auditors would give it
  - a membership in board would give it
  - a membership in clerks would give it; members of board, tellers may assign the group
`},
			{"eve", rbac.Not(rbac.InGroup("nothing")), `
- not(in_group("nothing")): group "nothing" is unknown
  - in_group("nothing"): group "nothing" is unknown
`},
		} {
			e, err := a.ExplainUser(ctx, c.user, c.p)
			must(t, err)
			if want := strings.ReplaceAll(strings.TrimPrefix(c.want, "\n"), " \n", "\n"); tree(e) != want {
				t.Errorf("%s, %v:\n%swant\n%s", c.user, c.p, tree(e), want)
			}
			id, err := a.Identity(ctx, c.user)
			must(t, err)
			if e.Met != rbac.Met(id, c.p) {
				t.Errorf("%s, %v: explained as %v", c.user, c.p, e.Met)
			}
		}
		h.do(a, func(tx *rbac.Tx) error {
			u, err := tx.User("bob")
			u.Disabled = true
			return errors.Join(err, tx.ModifyUser(u))
		})
		e, err := a.ExplainUser(ctx, "bob", rbac.InGroup("auditors"))
		if err != nil || e.Met || e.Reason != "the account of bob is disabled" || len(e.Parts) != 1 || !e.Parts[0].Met {
			t.Errorf("disabled: %v\n%s", err, tree(e))
		}
		if _, err := a.ExplainUser(ctx, "nobody", rbac.NotAnonymous()); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("unknown user: %v", err)
		}
		if _, err := a.ExplainUser(ctx, "", rbac.NotAnonymous()); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("empty name: %v", err)
		}
		if e, err := a.ExplainUser(ctx, "eve", nil); err != nil || e.Met {
			t.Errorf("nil predicate: %v, %v", e, err)
		}
	})
}

// The explanation of an omitted group names the dynamic set, its groups and the
// paths, to the user and to the administrator.
func TestExplainOmitted(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.groups(a, map[string][]string{"auditors": {"book.read"}, "tellers": {"cash.take"}, "heads": nil})
		h.do(a, both(inherit("heads", "tellers"), addUser(rbac.User{Name: "bob"})))
		h.do(a, both(assign("bob", "auditors"), assign("bob", "heads")))
		h.do(a, func(tx *rbac.Tx) error {
			return tx.CreateDSDSet(rbac.SeparationSet{Name: "desks", Groups: []string{"tellers", "auditors"}, Cardinality: 2})
		})
		id, err := a.Identity(ctx, "bob")
		must(t, err)
		const why = "heads is left out by the dynamic set desks: fewer than 2 of auditors, tellers may come together: bob → auditors, bob → heads → tellers"
		for p, want := range map[rbac.Predicate]string{
			rbac.InGroup("tellers"):         "needs the group tellers; you are in auditors; " + why,
			rbac.HasPermission("cash.take"): "needs cash.take, which the groups tellers, heads give; you are in auditors; " + why,
			rbac.InGroup("heads"):           "needs the group heads; you are in auditors; " + why,
		} {
			if e := rbac.Explain(id, p); e.Met || e.Reason != want {
				t.Errorf("%v: %s\nwant %s", p, e.Reason, want)
			}
			denied, _ := errors.AsType[*rbac.DeniedError](rbac.Check(id, p))
			need := "needs a certain group"
			if strings.Contains(want, "cash") {
				need = "needs cash.take"
			}
			if got := denied.WithoutGroups(); got != need+"; one of your groups is left out by a dynamic set" {
				t.Errorf("%v, without groups: %s", p, got)
			}
		}
		e, err := a.ExplainUser(ctx, "bob", rbac.InGroup("tellers"))
		must(t, err)
		want := `- in_group("tellers"): needs the group tellers; bob is in auditors; ` + why + `
  - bob → heads (assigned, 2031-03-03; ` + why + `) → tellers (inherited)
  - a membership in tellers would not do: tellers is left out by the dynamic set desks: fewer than 2 of auditors, tellers may come together: bob → auditors, bob → tellers
`
		if tree(e) != want {
			t.Errorf("%swant\n%s", tree(e), want)
		}
	})
}

// Advice can be followed: a group that a static set refuses, or that a dynamic
// set would omit, is not recommended. Where a group would push another group
// out, the advice warns.
func TestExplainUserAdvice(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			name   string
			before func(*rbac.Tx) error
			p      rbac.Predicate
			want   []string
		}{
			{"a static set", all(ssd("duties", 2, "a", "b"), assign("bob", "a")), rbac.HasPermission("pb"), []string{
				"a membership in b is refused by the static set duties: fewer than 2 of a, b may come together: bob → a, bob → b",
				"a membership in top is refused by the static set duties: fewer than 2 of a, b may come together: bob → a, bob → top → b"}},
			{"a static set in a scope", all(ssd("duties", 2, "a", "c"), assignIn("bob", "a", "x")), rbac.InGroup("c"), []string{
				"a membership in c is refused by the static set duties: fewer than 2 of a, c may come together in x: bob → a, bob → c"}},
			{"another scope", all(ssd("duties", 2, "a", "c"), assignIn("bob", "a", "x")), rbac.In("y", rbac.InGroup("c")), []string{
				"a membership in c would give it"}},
			{"left out", all(dsd("desks", 2, "a", "c"), assign("bob", "a")), rbac.InGroup("c"), []string{
				"a membership in c would not do: c is left out by the dynamic set desks: fewer than 2 of a, c may come together: bob → a, bob → c"}},
			{"pushing out", all(dsd("desks", 2, "a", "c"), assign("bob", "c")), rbac.InGroup("a"), []string{
				"a membership in a would give it, and leave out c"}},
			{"left out in a scope", all(dsd("desks", 2, "a", "c"), assign("bob", "c")), rbac.In("x", rbac.InGroup("a")), []string{
				"a membership in a would not do: a is left out by the dynamic set desks: fewer than 2 of a, c may come together in x: bob → a, bob → c"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				h := h.beside(t)
				a := h.bank(rbac.Config{})
				h.do(a, c.before)
				e, err := a.ExplainUser(ctx, "bob", c.p)
				must(t, err)
				for len(e.Parts) == 1 && len(e.Parts[0].Parts) > 0 {
					e = e.Parts[0]
				}
				var got []string
				for _, part := range e.Parts {
					got = append(got, part.Reason)
				}
				if !slices.Equal(got, c.want) || e.Met {
					t.Errorf("%s: %q\nwant %q", c.name, got, c.want)
				}
			})
		}
	})
}

// At most a hundred paths are listed.
func TestExplainUserIsBounded(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.do(a, addUser(rbac.User{Name: "bob"}))
		h.do(a, func(tx *rbac.Tx) error {
			for i := range 20 { // each level doubles the paths
				for _, side := range []string{"a", "b"} {
					if _, err := tx.AddGroup(rbac.Group{Name: fmt.Sprint(side, i)}); err != nil {
						return err
					}
					for _, above := range []string{"a", "b"} {
						if i > 0 {
							must(t, tx.AddInheritance(rbac.Inheritance{Senior: fmt.Sprint(above, i-1), Junior: fmt.Sprint(side, i)}))
						}
					}
				}
			}
			return tx.AssignUser(rbac.Membership{User: "bob", Group: "a0"})
		})
		e, err := a.ExplainUser(ctx, "bob", rbac.InGroup("a19"))
		if err != nil || !e.Met || len(e.Parts) != 101 || e.Parts[100].Reason != "and more paths" {
			t.Errorf("%v, %d parts, the last %+v", err, len(e.Parts), e.Parts[len(e.Parts)-1])
		}
	})
}
