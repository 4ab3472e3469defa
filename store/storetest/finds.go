package storetest

import (
	"errors"
	"slices"

	"github.com/rbac-go/rbac/store"
)

var findRules = []rule{
	{"find", "Find, where a store has it, finds what a View reads, as it is at one head, or nothing; and nothing for what is not there.", func(w *world) {
		finder, ok := w.store.(store.Finder)
		if !ok {
			w.Skip("the store is no store.Finder")
		}
		w.update(seed)
		w.update(func(r store.Records) error {
			off := user("off")
			off.Subject, off.Disabled = "sub|off", true
			ended := member("off", "guests")
			ended.Until = noon
			return errors.Join(r.AddUser(off), r.PutMembership(ended), r.AddTicket(ticket("t9", "off")))
		})
		all := get(w, dump)
		found := 0
		find := func(what string, sought store.Sought, t store.Ticket, u store.UserRecord, m []store.Membership) {
			got, err := finder.Find(w.ctx, sought, all.Head)
			if err != nil {
				w.Errorf("Find %s: %v", what, err)
			}
			if got == nil {
				return
			}
			found++
			w.equal("the head of "+what, got.Head, all.Head)
			w.equal("the ticket of "+what, got.Ticket, t)
			w.equal("the user of "+what, []any{got.User.ID, got.User.Name, got.User.Disabled}, []any{u.ID, u.Name, u.Disabled})
			w.equal("the memberships of "+what, bare(got.Memberships), bare(m))
		}
		for i, u := range all.Users {
			find("user "+u.Name, store.Sought{User: u.Name}, store.Ticket{}, u, all.Memberships[i])
			if u.Subject != "" {
				find("subject "+u.Subject, store.Sought{Subject: u.Subject}, store.Ticket{}, u, all.Memberships[i])
			}
			for _, t := range all.UserTickets[i] {
				find("ticket of "+u.Name, store.Sought{Ticket: t.Hash}, t, u, all.Memberships[i])
			}
		}
		if found == 0 {
			w.Errorf("Find finds nothing at all")
		}
		for _, nobody := range []store.Sought{{Ticket: hash("nobody")}, {User: "nobody"}, {User: "ALICE"}, {Subject: "nobody"}} {
			if got, err := finder.Find(w.ctx, nobody, all.Head); got != nil || err != nil {
				w.Errorf("Find %+v: %+v, %v", nobody, got, err)
			}
		}
	}},
}

// bare drops the fields of memberships that Find may leave out.
func bare(list []store.Membership) []store.Membership {
	list = slices.Clone(list)
	for i, m := range list {
		list[i] = store.Membership{Group: m.Group, Scope: m.Scope, Until: m.Until}
	}
	return list
}
