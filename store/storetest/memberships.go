package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/rbac-go/rbac/store"
)

var membershipRules = []rule{
	{"memberships", "A membership is given back as it was put, at first or again, by user, group and exact scope, until it is deleted.", func(w *world) {
		want := sampleMemberships()
		w.update(addMembershipWorld)
		find := func(r store.Records, m store.Membership) (store.Membership, error) {
			return r.Membership(m.User, m.Group, m.Scope)
		}
		roundTrip(w, want, func(r store.Records, m store.Membership) error { return r.PutMembership(m) }, find)
		w.memberships(want)
		for i := range want {
			want[i].Note, want[i].AssignedBy, want[i].Source = pick(texts, i+7), pick(texts, i+8), pick(texts, i+9)
			want[i].Until, want[i].AssignedAt = pick(times, i+3), pick(times, i+4)
			w.update(func(r store.Records) error { return r.PutMembership(want[i]) })
		}
		w.memberships(want)
		for len(want) > 0 {
			gone := want[:min(len(want), 40)]
			w.update(func(r store.Records) error {
				return each(gone, func(m store.Membership) error { return r.DeleteMembership(m.User, m.Group, m.Scope) })
			})
			w.notFound("Membership", func(r store.Records) error { _, err := find(r, gone[0]); return err })
			want = want[len(gone):]
			w.memberships(want)
		}
		w.update(func(r store.Records) error { return r.DeleteUser(id("u1")) })
		w.update(func(r store.Records) error { return r.DeleteGroup(id("g1")) })
	}},
	{"memberships names", "Memberships gives the names that the user and the group have now.", func(w *world) {
		w.update(addMembershipWorld)
		w.update(func(r store.Records) error { return r.PutMembership(member("u1", "g1")) })
		renamed := user("u1")
		renamed.Name = "renamed"
		team := group("g1")
		team.Name = "team"
		w.update(func(r store.Records) error { return errors.Join(r.SetUser(renamed), r.PutGroup(team)) })
		got := w.members(store.MembershipFilter{Group: id("g1")})
		w.equal("Memberships", got, []store.Member{{Membership: member("u1", "g1"), UserName: "renamed", GroupName: "team"}})
	}},
}

var memberUsers, memberGroups = []string{"u1", "u2", "u3"}, []string{"g1", "g2"}

func addMembershipWorld(r store.Records) error {
	if err := addUsers(r, memberUsers...); err != nil {
		return err
	}
	return addGroups(r, memberGroups...)
}

func sampleMemberships() (list []store.Membership) {
	for i, scope := range texts {
		for j, u := range memberUsers {
			for k, g := range memberGroups {
				if (i+j+k)%3 == 2 {
					continue
				}
				list = append(list, store.Membership{
					User: id(u), Group: id(g), Scope: scope, Note: pick(texts, i+1), Until: pick(times, i+j),
					AssignedBy: pick(texts, i+k), AssignedAt: pick(times, i+k), Source: pick(texts, i+j+k),
				})
			}
		}
	}
	return list
}

// memberships compares the listings by user, by group and whole with want.
func (w *world) memberships(want []store.Membership) {
	w.Helper()
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b store.Membership) int {
		return cmp.Or(compareIDs(a.Group, b.Group), compareIDs(a.User, b.User), cmp.Compare(a.Scope, b.Scope))
	})
	for _, name := range append([]string{"unknown"}, memberUsers...) {
		var its []store.Membership
		for _, m := range want {
			if m.User == id(name) {
				its = append(its, m)
			}
		}
		got := get(w, func(r store.Records) ([]store.Membership, error) { return r.UserMemberships(id(name)) })
		w.equal("UserMemberships", got, its)
	}
	filters := []store.MembershipFilter{{}, {EndingBefore: times[len(times)-1]}, {Scopes: texts}, {Group: id("unknown")}}
	for _, name := range memberGroups {
		filters = append(filters, store.MembershipFilter{Group: id(name)})
	}
	for _, f := range filters {
		w.equal(fmt.Sprintf("Memberships(%+v)", f), w.members(f), selected(want, f))
	}
}
