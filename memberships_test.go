package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// orgs has three users with ids in the order of their names, and memberships
// everywhere, in org:1 and in org:2, some with an end.
func orgs(t *testing.T, h *house) *rbac.Authority {
	t.Helper()
	a := h.open(rbac.Config{})
	later := h.clock.Now().Add(time.Hour)
	h.do(a, func(tx *rbac.Tx) error {
		for i, name := range []string{"amy", "bob", "cid"} {
			must(t, addUser(rbac.User{ID: uuid.UUID{byte(i + 1)}, Name: name})(tx))
		}
		for i, name := range []string{"leads", "staff"} {
			must(t, addGroup(rbac.Group{ID: uuid.UUID{byte(i + 1)}, Name: name})(tx))
		}
		for _, m := range []rbac.Membership{
			{User: "amy", Group: "staff"},
			{User: "amy", Group: "leads", Scope: "org:1"},
			{User: "amy", Group: "staff", Scope: "org:2", Until: later},
			{User: "bob", Group: "staff", Scope: "org:1", Until: later.Add(time.Hour), Note: "on trial", Source: "idp"},
			{User: "bob", Group: "leads", Scope: "org:2"},
			{User: "cid", Group: "staff", Scope: "org:1", Until: later, Source: "hr"},
		} {
			must(t, tx.AssignUser(m))
		}
		return nil
	})
	return a
}

func membershipText(m rbac.Membership) string {
	return strings.Join([]string{m.User, m.Group, m.Scope}, " ")
}

// A query selects what each of its fields selects, in the order of an index,
// whole and page by page.
func TestMemberships(t *testing.T) {
	user := func(names ...string) (list []rbac.User) {
		for _, name := range names {
			list = append(list, rbac.User{ID: uuid.UUID{name[0] - 'a' + 1}})
		}
		return list
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := orgs(t, h)
		later := h.clock.Now().Add(time.Hour)
		for _, c := range []struct {
			what string
			q    rbac.MembershipQuery
			want []string
		}{
			{"everything", rbac.MembershipQuery{},
				[]string{"amy leads org:1", "amy staff ", "amy staff org:2", "bob leads org:2", "bob staff org:1", "cid staff org:1"}},
			{"a user", rbac.MembershipQuery{User: "Amy"}, []string{"amy leads org:1", "amy staff ", "amy staff org:2"}},
			{"a group", rbac.MembershipQuery{Group: "staff"}, []string{"amy staff ", "amy staff org:2", "bob staff org:1", "cid staff org:1"}},
			{"a scope", rbac.MembershipQuery{Scopes: []string{"org:1"}}, []string{"amy leads org:1", "bob staff org:1", "cid staff org:1"}},
			{"two scopes", rbac.MembershipQuery{Scopes: []string{"org:2", "", "org:2"}}, []string{"amy staff ", "bob leads org:2", "amy staff org:2"}},
			{"everywhere", rbac.MembershipQuery{Scopes: []string{""}}, []string{"amy staff "}},
			{"a source", rbac.MembershipQuery{Sources: []string{"idp"}}, []string{"bob staff org:1"}},
			{"two sources of a group", rbac.MembershipQuery{Group: "staff", Sources: []string{"hr", "", "gone"}}, []string{"amy staff ", "amy staff org:2", "cid staff org:1"}},
			{"administrators", rbac.MembershipQuery{Scopes: []string{"org:1"}, Sources: []string{""}}, []string{"amy leads org:1"}},
			{"no source", rbac.MembershipQuery{Sources: []string{}}, []string{}},
			{"no scope", rbac.MembershipQuery{Scopes: []string{}}, []string{}},
			{"an unknown scope", rbac.MembershipQuery{Scopes: []string{"org:3"}}, []string{}},
			{"a group in a scope", rbac.MembershipQuery{Group: "staff", Scopes: []string{"org:1"}}, []string{"bob staff org:1", "cid staff org:1"}},
			{"a user in a scope", rbac.MembershipQuery{User: "bob", Scopes: []string{"org:1"}}, []string{"bob staff org:1"}},
			{"ending", rbac.MembershipQuery{EndingBefore: later.Add(time.Microsecond)}, []string{"amy staff org:2", "cid staff org:1"}},
			{"ending exactly", rbac.MembershipQuery{EndingBefore: later}, []string{}},
			{"ending some day", rbac.MembershipQuery{EndingBefore: later.Add(1000 * time.Hour)}, []string{"amy staff org:2", "cid staff org:1", "bob staff org:1"}},
			{"ending in a scope", rbac.MembershipQuery{Scopes: []string{"org:1"}, EndingBefore: later.Add(2 * time.Hour)}, []string{"bob staff org:1", "cid staff org:1"}},
			{"a page of users", rbac.MembershipQuery{Users: user("cid", "amy")}, []string{"amy leads org:1", "amy staff ", "amy staff org:2", "cid staff org:1"}},
			{"a page of users in a scope", rbac.MembershipQuery{Users: user("cid", "amy"), Scopes: []string{"org:1"}}, []string{"amy leads org:1", "cid staff org:1"}},
			{"no users", rbac.MembershipQuery{Users: []rbac.User{}}, []string{}},
			{"a user among users", rbac.MembershipQuery{User: "amy", Users: user("amy", "bob"), Group: "leads"}, []string{"amy leads org:1"}},
			{"a user not among users", rbac.MembershipQuery{User: "amy", Users: user("bob")}, []string{}},
		} {
			must(t, a.View(ctx, func(tx *rbac.Tx) error {
				if got := names(tx.Memberships(c.q), membershipText); !slices.Equal(got, c.want) {
					t.Errorf("%s: %q; want %q", c.what, got, c.want)
				}
				for c.q.Limit = range 4 {
					if c.q.Limit == 0 {
						continue
					}
					got, q := []string{}, c.q
					for {
						page, err := store.Collect(tx.Memberships(q))
						must(t, err)
						if len(page) == 0 {
							break
						}
						q.After = page[len(page)-1]
						got = append(got, mapped(page, membershipText)...)
					}
					if !slices.Equal(got, c.want) {
						t.Errorf("%s in pages of %d: %q; want %q", c.what, c.q.Limit, got, c.want)
					}
				}
				return nil
			}))
		}
	})
}

// A membership is returned with all its fields, under the names of the time.
func TestMembershipsWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := orgs(t, h)
		h.do(a, modifyUser("bob", func(u *rbac.User) { u.Name = "bert" }))
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			got, err := store.Collect(tx.Memberships(rbac.MembershipQuery{User: "bert", Group: "staff"}))
			want, err2 := tx.AssignedGroups("bert")
			if err := errors.Join(err, err2); err != nil || len(got) != 1 || got[0] != want[1] || got[0].Note != "on trial" {
				t.Errorf("%+v, %v; want %+v", got, err, want)
			}
			return nil
		}))
	})
}

// A query with an unknown name, or a value that no query has, is refused, and
// the transaction goes on.
func TestMembershipsRefused(t *testing.T) {
	long := strings.Repeat("x", 257)
	in := func(user, group string) rbac.Membership { return rbac.Membership{User: user, Group: group} }
	eachStore(t, func(t *testing.T, h *house) {
		a := orgs(t, h)
		h.do(a, func(tx *rbac.Tx) error {
			for _, c := range []struct {
				q    rbac.MembershipQuery
				want error
			}{
				{rbac.MembershipQuery{User: "zoe"}, rbac.ErrNotFound},
				{rbac.MembershipQuery{Group: "zoo"}, rbac.ErrNotFound},
				{rbac.MembershipQuery{After: in("zoe", "staff")}, rbac.ErrNotFound},
				{rbac.MembershipQuery{After: in("amy", "zoo")}, rbac.ErrNotFound},
				{rbac.MembershipQuery{After: in("amy", "")}, rbac.ErrInvalid},
				{rbac.MembershipQuery{After: in("", "staff")}, rbac.ErrInvalid},
				{rbac.MembershipQuery{After: rbac.Membership{Scope: "org:1"}}, rbac.ErrInvalid},
				{rbac.MembershipQuery{After: rbac.Membership{User: "amy", Group: "staff", Scope: long}}, rbac.ErrInvalid},
				{rbac.MembershipQuery{Group: "leads", After: in("amy", "staff")}, rbac.ErrInvalid},
				{rbac.MembershipQuery{Scopes: []string{"org:1", "a\x00"}}, rbac.ErrInvalid},
				{rbac.MembershipQuery{Scopes: []string{long}}, rbac.ErrInvalid},
				{rbac.MembershipQuery{EndingBefore: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, rbac.ErrInvalid},
				{rbac.MembershipQuery{Sources: []string{"idp", "a\x00"}}, rbac.ErrInvalid},
				{rbac.MembershipQuery{Limit: -1}, rbac.ErrInvalid},
			} {
				if err := last(tx.Memberships(c.q)); !errors.Is(err, c.want) {
					t.Errorf("%+v: %v; want %v", c.q, err, c.want)
				}
			}
			return tx.DeassignUser(rbac.Membership{User: "amy", Group: "staff"})
		})
	})
}

// The members of one organisation are found at the same cost, however many
// other organisations there are.
func BenchmarkMembershipsOfScope(b *testing.B) {
	for _, s := range stores {
		for _, n := range []int{4_000, 40_000} {
			b.Run(fmt.Sprintf("%s/%d", s.name, n), func(b *testing.B) {
				h := newHouse(b, s.open(b))
				h.realTime = true
				a := h.open(rbac.Config{})
				h.groups(a, map[string][]string{"leads": nil, "staff": nil})
				for from := 0; from < n; from += 4000 {
					h.do(a, func(tx *rbac.Tx) error {
						for i := from; i < from+4000; i++ {
							name := fmt.Sprintf("u%05d", i)
							group := []string{"leads", "staff", "staff", "staff"}[i%4]
							must(b, alone(tx.AddUser(rbac.User{Name: name})))
							must(b, assignIn(name, group, fmt.Sprint("org:", i/10))(tx))
						}
						return nil
					})
				}
				q := rbac.MembershipQuery{Scopes: []string{"org:77"}}
				for b.Loop() {
					must(b, a.View(ctx, func(tx *rbac.Tx) error {
						list, err := store.Collect(tx.Memberships(q))
						if len(list) != 10 {
							b.Fatal(len(list), err)
						}
						return err
					}))
				}
			})
		}
	}
}
