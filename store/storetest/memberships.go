package storetest

import (
	"cmp"
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
			want[i].Note, want[i].AssignedBy = pick(texts, i+7), pick(texts, i+8)
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
	{"memberships user name", "GroupMembers gives the name that the user has now.", func(w *world) {
		w.update(addMembershipWorld)
		w.update(func(r store.Records) error { return r.PutMembership(member("u1", "g1")) })
		renamed := user("u1")
		renamed.Name = "renamed"
		w.update(func(r store.Records) error { return r.SetUser(renamed) })
		got := get(w, func(r store.Records) ([]store.Member, error) { return store.Collect(r.GroupMembers(id("g1"))) })
		w.equal("GroupMembers", got, []store.Member{{Membership: member("u1", "g1"), UserName: "renamed"}})
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
					AssignedBy: pick(texts, i+k), AssignedAt: pick(times, i+k),
				})
			}
		}
	}
	return list
}

// memberships compares both listings with want.
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
	for _, name := range append([]string{"unknown"}, memberGroups...) {
		var its []store.Member
		for _, m := range want {
			if m.Group == id(name) {
				its = append(its, store.Member{Membership: m, UserName: userName(m)})
			}
		}
		got := get(w, func(r store.Records) ([]store.Member, error) { return store.Collect(r.GroupMembers(id(name))) })
		w.equal("GroupMembers", got, its)
	}
}

func userName(m store.Membership) string {
	i := slices.IndexFunc(memberUsers, func(name string) bool { return id(name) == m.User })
	return memberUsers[i]
}
