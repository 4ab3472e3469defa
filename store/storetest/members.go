package storetest

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

var memberRules = []rule{
	{"memberships filter", "A filter selects the memberships that each of its fields selects, in the order of the filter; After and Limit walk through them, each once.", func(w *world) {
		all := sampleMemberships()
		w.update(addMembershipWorld)
		w.update(func(r store.Records) error { return each(all, r.PutMembership) })
		for f := range memberFilters() {
			want := selected(all, f)
			w.equal(fmt.Sprintf("Memberships(%+v)", f), w.members(f), want)
			f.NoNames = true
			w.equal(fmt.Sprintf("Memberships(%+v)", f), w.members(f), selected(all, f))
			f.NoNames = false
			for _, f.Limit = range []int{1, len(want)/3 + 1, len(want) + 1} {
				if f.Limit == 1 && len(want) > 9 {
					continue
				}
				w.equal(fmt.Sprintf("pages of %+v", f), w.memberPages(f), want)
			}
		}
	}},
	{"memberships after gone", "After need not exist: a page begins where the membership would be.", func(w *world) {
		all := sampleMemberships()
		w.update(addMembershipWorld)
		w.update(func(r store.Records) error { return each(all, r.PutMembership) })
		for f := range memberFilters() {
			want := selected(all, f)
			if len(want) < 2 {
				continue
			}
			gone := want[len(want)/2].Membership
			f.After = gone
			var got []store.Member
			w.rollBack(func(r store.Records) (err error) {
				if err = r.DeleteMembership(gone.User, gone.Group, gone.Scope); err == nil {
					got, err = store.Collect(r.Memberships(f))
				}
				return err
			})
			w.equal(fmt.Sprintf("Memberships(%+v)", f), got, append([]store.Member(nil), want[len(want)/2+1:]...))
		}
	}},
	{"memberships odd scopes", "A scope that no membership can have selects none, and spoils nothing.", func(w *world) {
		w.update(addMembershipWorld)
		w.update(func(r store.Records) error { return r.PutMembership(member("u1", "g1")) })
		odd := []string{"\x00", "a\x00", "\xff", "\"", "{}", "NULL"}
		for _, f := range []store.MembershipFilter{{Scopes: odd}, {Scopes: odd, Users: ids("u1")}, {Scopes: odd, Group: id("g1")}} {
			w.equal(fmt.Sprintf("Memberships(%+v)", f), w.members(f), []store.Member(nil))
		}
	}},
	{"scopes", "Scopes lists the scopes of memberships, each once, in byte order and without the empty scope, from the first membership to the last.", func(w *world) {
		scopes := func(r store.Records) ([]string, error) { return store.Collect(r.Scopes()) }
		w.equal("Scopes of nothing", get(w, scopes), []string(nil))
		w.update(addMembershipWorld)
		w.update(func(r store.Records) error { return each(sampleMemberships(), r.PutMembership) })
		want := slices.Sorted(slices.Values(texts[1:]))
		w.equal("Scopes", get(w, scopes), want)
		for _, m := range sampleMemberships() {
			if m.Scope == want[1] {
				w.update(func(r store.Records) error { return r.DeleteMembership(m.User, m.Group, m.Scope) })
			}
		}
		w.equal("Scopes without one", get(w, scopes), slices.Delete(want, 1, 2))
	}},
}

// memberFilters yields filters with every combination of fields.
func memberFilters() iter.Seq[store.MembershipFilter] {
	return func(yield func(store.MembershipFilter) bool) {
		for _, users := range [][]uuid.UUID{nil, {}, {id("u3"), id("u1"), id("u3"), id("unknown")}, ids("u2")} {
			for _, group := range []uuid.UUID{{}, id("g2")} {
				for _, scopes := range [][]string{nil, {}, {""}, {"z", "", "a", "z", "none"}, {"A"}} {
					for _, before := range []time.Time{{}, noon} {
						if !yield(store.MembershipFilter{Users: users, Group: group, Scopes: scopes, EndingBefore: before}) {
							return
						}
					}
				}
			}
		}
	}
}

// selected returns what a filter selects of memberships of addMembershipWorld,
// by the documentation of store.MembershipFilter.
func selected(all []store.Membership, f store.MembershipFilter) (list []store.Member) {
	for _, m := range all {
		if f.Users != nil && !slices.Contains(f.Users, m.User) || f.Scopes != nil && !slices.Contains(f.Scopes, m.Scope) ||
			f.Group != uuid.Nil && f.Group != m.Group || !f.EndingBefore.IsZero() && (m.Until.IsZero() || !m.Until.Before(f.EndingBefore)) {
			continue
		}
		found := store.Member{Membership: m}
		if !f.NoNames {
			found.UserName, found.GroupName = nameOf(memberUsers, m.User), nameOf(memberGroups, m.Group)
		}
		list = append(list, found)
	}
	slices.SortFunc(list, func(a, b store.Member) int {
		user, group, scope := compareIDs(a.User, b.User), compareIDs(a.Group, b.Group), cmp.Compare(a.Scope, b.Scope)
		switch {
		case f.Users != nil:
			return cmp.Or(user, group, scope)
		case f.Scopes != nil:
			return cmp.Or(scope, group, user)
		case f.Group != uuid.Nil:
			return cmp.Or(user, scope)
		case !f.EndingBefore.IsZero():
			return cmp.Or(a.Until.Compare(b.Until), user, group, scope)
		}
		return cmp.Or(user, group, scope)
	})
	return list
}

func nameOf(names []string, of uuid.UUID) string {
	return names[slices.IndexFunc(names, func(name string) bool { return id(name) == of })]
}

func (w *world) members(f store.MembershipFilter) []store.Member {
	w.Helper()
	return get(w, func(r store.Records) ([]store.Member, error) { return store.Collect(r.Memberships(f)) })
}

// memberPages lists the memberships that a filter selects, page by page.
func (w *world) memberPages(f store.MembershipFilter) (list []store.Member) {
	w.Helper()
	for {
		page := w.members(f)
		if len(page) > f.Limit {
			w.Fatalf("Limit %d: got %d memberships", f.Limit, len(page))
		}
		if len(page) == 0 {
			return list
		}
		list = append(list, page...)
		f.After = page[len(page)-1].Membership
	}
}
