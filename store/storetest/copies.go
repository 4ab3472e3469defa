package storetest

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

var copyRules = []rule{
	{"copies in", "Values are copies on the way in: what the caller does with a slice afterwards is not seen, in the transaction or later.", func(w *world) {
		w.update(addTicketWorld)
		w.update(func(r store.Records) error { return r.AddTicket(ticket("t2", "alice")) })
		groups, before, after := ids("g1", "g2"), json.RawMessage(`{"a":1}`), json.RawMessage(`{"a":2}`)
		t, c := ticket("t1", "alice", "g1", "g2"), store.Change{Revision: 1, Before: before, After: after}
		var got, got2 store.Ticket
		var log []store.Change
		w.update(func(r store.Records) (err error) {
			t.Groups, groups = ids("g1", "g2"), ids("g1", "g2")
			c.Before, c.After = []byte(`{"a":1}`), []byte(`{"a":2}`)
			err = steps(r, []call{
				{"AddTicket", func(r store.Records) error { return r.AddTicket(t) }},
				{"SetTicketGroups", func(r store.Records) error { return r.SetTicketGroups(id("t2"), groups) }},
				{"AddChange", func(r store.Records) error { return r.AddChange(c) }},
				{"Ticket", func(r store.Records) error {
					scribble(t.Groups, groups)
					scrawl(c)
					got, err = r.Ticket(store.TicketKey{ID: id("t1")})
					return err
				}},
				{"Ticket", func(r store.Records) error { got2, err = r.Ticket(store.TicketKey{ID: id("t2")}); return err }},
				{"Changes", func(r store.Records) error { log, err = store.Collect(r.Changes(store.ChangeFilter{})); return err }},
			})
			return err
		})
		want := ids("g1", "g2")
		wantLog := []store.Change{{Revision: 1, Before: before, After: after}}
		w.equal("AddTicket", got.Groups, want)
		w.equal("SetTicketGroups", got2.Groups, want)
		w.equal("AddChange", log, wantLog)
		w.equal("AddTicket, later", w.ticket("t1").Groups, want)
		w.equal("SetTicketGroups, later", w.ticket("t2").Groups, want)
		w.equal("AddChange, later", w.changes(store.ChangeFilter{}), wantLog)
	}},
	{"copies in of filters", "A listing selects by what it was given, whatever the caller does with the slice before it runs.", func(w *world) {
		w.update(seed)
		var tickets, users, usersIn, ofUsers, inScopes []string
		get(w, func(r store.Records) (_ int, err error) {
			groups := ids("staff")
			t := keys(r.Tickets(store.TicketFilter{Groups: groups}), ticketKey)
			u := keys(r.Users(store.UserFilter{Groups: groups, At: noon}), func(u store.UserRecord) string { return u.Name })
			who, where := ids("alice"), []string{"org:1"}
			m := keys(r.Memberships(store.MembershipFilter{Users: who}), scopeKey)
			s := keys(r.Memberships(store.MembershipFilter{Scopes: where}), scopeKey)
			also, scopes, alsoScopes := ids("staff"), []string{"org:1"}, []string{"org:1"}
			i := keys(r.Users(store.UserFilter{Scopes: scopes, AlsoGroups: also, AlsoScopes: alsoScopes, At: noon}), func(u store.UserRecord) string { return u.Name })
			scribble(groups, also, who)
			scopes[0], alsoScopes[0], where[0] = "", "", "scribble"
			var errs [5]error
			tickets, errs[0] = store.Collect(t)
			users, errs[1] = store.Collect(u)
			ofUsers, errs[2] = store.Collect(m)
			inScopes, errs[3] = store.Collect(s)
			usersIn, errs[4] = store.Collect(i)
			return 0, errors.Join(errs[:]...)
		})
		w.equal("Tickets of groups", tickets, []string{id("t2").String()})
		w.equal("Users", users, []string{"alice"})
		w.equal("Users in scopes", usersIn, []string{"alice"})
		w.equal("Memberships of users", ofUsers, []string{"", "org:1"})
		w.equal("Memberships in scopes", inScopes, []string{"org:1"})
	}},
	{"copies out of tickets", "Values are copies on the way out: what the caller does with a ticket's Groups is not seen, in the transaction or later.", func(w *world) {
		w.update(addTicketWorld)
		w.update(func(r store.Records) error { return r.AddTicket(ticket("t1", "alice", "g1", "g2")) })
		for name, read := range map[string]func(store.Records) ([]store.Ticket, error){
			"Ticket":         func(r store.Records) ([]store.Ticket, error) { return one(r.Ticket(store.TicketKey{ID: id("t1")})) },
			"Ticket by hash": func(r store.Records) ([]store.Ticket, error) { return one(r.Ticket(store.TicketKey{Hash: hash("t1")})) },
			"UserTickets": func(r store.Records) ([]store.Ticket, error) {
				return r.UserTickets(id("alice"))
			},
			"Tickets of groups": func(r store.Records) ([]store.Ticket, error) {
				return collectTickets(r.Tickets(store.TicketFilter{Groups: ids("g1")}))
			},
			"Tickets seen before": func(r store.Records) ([]store.Ticket, error) {
				return collectTickets(r.Tickets(store.TicketFilter{SeenBefore: noon.Add(tick)}))
			},
			"Tickets newest first": func(r store.Records) ([]store.Ticket, error) {
				return collectTickets(r.Tickets(store.TicketFilter{Newest: true}))
			},
		} {
			spoil := func(t []store.Ticket) { scribble(t[0].Groups); t[0] = store.Ticket{} }
			unshared(w, name, read, spoil)
		}
	}},
	{"copies out of separation sets", "Values are copies on the way out: what the caller does with the Groups of a set is not seen, in the transaction or later.", func(w *world) {
		w.update(seed)
		for name, read := range map[string]func(store.Records) ([]store.Separation, error){
			"Separation": func(r store.Records) ([]store.Separation, error) { return one(r.Separation(true, "desks")) },
			"Separations": func(r store.Records) ([]store.Separation, error) {
				return r.Separations(store.SeparationFilter{Dynamic: true})
			},
			"Separations of groups": func(r store.Records) ([]store.Separation, error) {
				return r.Separations(store.SeparationFilter{Dynamic: true, Groups: ids("staff")})
			},
		} {
			spoil := func(s []store.Separation) { scribble(s[0].Groups); s[0] = store.Separation{} }
			unshared(w, name, read, spoil)
		}
	}},
	{"copies out of delegations", "Values are copies on the way out: what the caller does with Assign of a delegation is not seen, in the transaction or later.", func(w *world) {
		w.update(seed)
		unshared(w, "Delegations", store.Records.Delegations, func(d []store.Delegation) { scribble(d[0].Assign); d[0] = store.Delegation{} })
	}},
	{"copies out of changes", "Values are copies on the way out: what the caller does with a change's Before and After is not seen, in the transaction or later.", func(w *world) {
		w.update(func(r store.Records) error {
			return r.AddChange(store.Change{Revision: 1, Before: []byte(`{"a":1}`), After: []byte(`{"a":2}`)})
		})
		for _, q := range []store.ChangeFilter{{}, {Newest: true}} {
			read := func(r store.Records) ([]store.Change, error) { return store.Collect(r.Changes(q)) }
			unshared(w, fmt.Sprintf("Changes(%+v)", q), read, func(c []store.Change) { scrawl(c[0]); c[0] = store.Change{} })
		}
	}},
	{"copies out of lists", "Values are copies on the way out: the slices of a listing are the caller's own.", func(w *world) {
		w.update(seed)
		unshared(w, "Sections", store.Records.Sections, wipe[store.Section])
		unshared(w, "Permissions", store.Records.Permissions, wipe[store.Permission])
		unshared(w, "Groups", store.Records.Groups, wipe[store.Group])
		for _, f := range []store.GrantFilter{{}, {Group: id("staff")}, {Permission: "*"}} {
			unshared(w, "Grants", func(r store.Records) ([]store.Grant, error) { return r.Grants(f) }, wipe[store.Grant])
		}
		unshared(w, "Declarations", store.Records.Declarations, wipe[store.Declaration])
		for _, f := range []store.InheritanceFilter{{}, {Senior: id("admins")}, {Junior: id("staff")}} {
			unshared(w, "Inheritances", func(r store.Records) ([]store.Inheritance, error) { return r.Inheritances(f) }, wipe[store.Inheritance])
		}
		values := func(r store.Records) ([]store.TicketValue, error) { return r.TicketValues(id("t1")) }
		unshared(w, "TicketValues", values, wipe[store.TicketValue])
		memberships := func(r store.Records) ([]store.Membership, error) { return r.UserMemberships(id("alice")) }
		unshared(w, "UserMemberships", memberships, wipe[store.Membership])
	}},
}

// unshared reads, changes the result in place, and requires the unchanged
// answer again: in the same View, in the same Update, and later.
func unshared[R any](w *world, what string, read func(store.Records) (R, error), spoil func(R)) {
	w.Helper()
	// A text shares nothing with the store.
	show := func(v R) string { return fmt.Sprintf("%+v", v) }
	want := show(get(w, read))
	again := func(r store.Records) (got R, err error) {
		if got, err = read(r); err != nil {
			return got, err
		}
		spoil(got)
		return read(r)
	}
	w.equal(what+" in the same View", show(get(w, again)), want)
	w.equal(what+" after the View", show(get(w, read)), want)
	var got R
	w.update(func(r store.Records) (err error) {
		got, err = again(r)
		return err
	})
	w.equal(what+" in the same Update", show(got), want)
	w.equal(what+" after the Update", show(get(w, read)), want)
}

func one[R any](r R, err error) ([]R, error) { return []R{r}, err }

func wipe[R any](list []R) { clear(list) }

func scribble(slices ...[]uuid.UUID) {
	for _, s := range slices {
		for i := range s {
			s[i] = id("scribble")
		}
	}
}

func scrawl(c store.Change) {
	copy(c.Before, `"--"`)
	copy(c.After, `"--"`)
}
