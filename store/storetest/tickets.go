package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

var ticketRules = []rule{
	{"tickets round trip", "A ticket is given back as it was added, by id and hash.", func(w *world) {
		want := sampleTickets()
		w.update(addTicketWorld)
		add := func(r store.Records, t store.Ticket) error { return r.AddTicket(t) }
		roundTrip(w, want, add, func(r store.Records, t store.Ticket) (store.Ticket, error) {
			return r.Ticket(store.TicketKey{ID: t.ID})
		})
		for _, t := range want {
			w.equal("Ticket by hash", get(w, func(r store.Records) (store.Ticket, error) { return r.Ticket(store.TicketKey{Hash: t.Hash}) }), t)
		}
	}},
	{"tickets no groups", "A ticket narrowed to no group stays narrowed, whether its Groups were nil or empty; one that is not narrowed has nil.", func(w *world) {
		w.update(addTicketWorld)
		w.update(func(r store.Records) error { return r.AddTicket(ticket("t", "alice")) })
		if got := w.ticket("t"); got.Narrowed || got.Groups != nil {
			w.Errorf("not narrowed: Narrowed %v, Groups %#v", got.Narrowed, got.Groups)
		}
		for i, groups := range [][]uuid.UUID{nil, {}} {
			narrow := ticket(fmt.Sprint("new", i), "alice")
			narrow.Narrowed, narrow.Groups = true, groups
			w.update(func(r store.Records) error { return r.AddTicket(narrow) })
			w.update(func(r store.Records) error { return r.SetTicketGroups(id("t"), ids("g1")) })
			w.equal("Groups", w.ticket("t").Groups, ids("g1"))
			w.update(func(r store.Records) error { return r.SetTicketGroups(id("t"), groups) })
			for _, name := range []string{"t", fmt.Sprint("new", i)} {
				if got := w.ticket(name); !got.Narrowed || len(got.Groups) > 0 {
					w.Errorf("groups %#v: Narrowed %v, Groups %#v", groups, got.Narrowed, got.Groups)
				}
			}
		}
	}},
	{"tickets set groups", "SetTicketGroups replaces Groups, narrows, and writes nothing else; Tickets follows.", func(w *world) {
		w.update(addTicketWorld)
		want := sampleTickets()[0]
		w.update(func(r store.Records) error { return r.AddTicket(want) })
		for _, groups := range [][]string{{"g1"}, {"g1", "g2"}, {"g2", "g3"}, {"g3"}, {"g1", "g2", "g3"}} {
			want.Narrowed, want.Groups = true, ids(groups...)
			w.update(func(r store.Records) error { return r.SetTicketGroups(want.ID, ids(groups...)) })
			w.equal("Ticket", w.ticketByID(want.ID), want)
			for _, g := range []string{"g1", "g2", "g3"} {
				var its []store.Ticket
				if slices.Contains(groups, g) {
					its = append(its, want)
				}
				w.equal("Tickets of "+g, w.groupTickets(g), its)
			}
		}
	}},
	{"tickets set expires", "SetTicketExpires replaces Expires and writes nothing else; DeleteDeadTickets follows.", func(w *world) {
		w.update(addTicketWorld)
		want := sampleTickets()[1]
		want.Key, want.Expires = true, noon.Add(time.Hour)
		value := store.TicketValue{Ticket: want.ID, Key: "k", Value: "v"}
		w.update(func(r store.Records) error { return errors.Join(r.AddTicket(want), r.PutTicketValue(value)) })
		for _, end := range []time.Time{noon, noon.Add(2 * time.Hour), noon.Add(-time.Hour), noon.Add(tick)} {
			want.Expires = end
			w.update(func(r store.Records) error { return r.SetTicketExpires(want.ID, end) })
			w.equal("Ticket", w.ticketByID(want.ID), want)
			w.equal("TicketValues", get(w, func(r store.Records) ([]store.TicketValue, error) { return r.TicketValues(want.ID) }), []store.TicketValue{value})
		}
		w.equal("deleted at its end", w.deleteDead(noon.Add(tick), 9), 1)
	}},
	{"tickets by user", "UserTickets lists the user's tickets by Created, then ID.", func(w *world) {
		tickets := sampleTickets()
		w.update(addTicketWorld)
		w.update(func(r store.Records) error { return each(tickets, r.AddTicket) })
		for _, u := range []string{"alice", "bob", "carol"} {
			want := slices.DeleteFunc(slices.Clone(tickets), func(t store.Ticket) bool { return t.User != id(u) })
			slices.SortFunc(want, func(a, b store.Ticket) int {
				return cmp.Or(a.Created.Compare(b.Created), compareIDs(a.ID, b.ID))
			})
			got := get(w, func(r store.Records) ([]store.Ticket, error) {
				return r.UserTickets(id(u))
			})
			w.equal("UserTickets of "+u, got, want)
		}
	}},
	{"tickets by group", "Tickets lists once each, by ID, the tickets that have one of the groups in their Groups.", func(w *world) {
		tickets := sampleTickets()
		w.update(addTicketWorld)
		w.update(func(r store.Records) error { return each(tickets, r.AddTicket) })
		for _, groups := range [][]string{nil, {"g1"}, {"g2"}, {"g1", "g3"}, {"g3", "g2", "g1"}, {"g1", "g1"}, {"unknown"}, {"unknown", "g3"}} {
			want := slices.DeleteFunc(byID(tickets), func(t store.Ticket) bool {
				return !slices.ContainsFunc(t.Groups, func(g uuid.UUID) bool { return slices.Contains(ids(groups...), g) })
			})
			w.equal(fmt.Sprint("Tickets of ", groups), w.groupTickets(groups...), want)
		}
	}},
	{"tickets idle", "Tickets lists by ID the tickets with LastSeen before the time, API keys too, and all tickets without a time.", func(w *world) {
		tickets := sampleTickets()
		w.update(addTicketWorld)
		w.update(func(r store.Records) error { return each(tickets, r.AddTicket) })
		for _, before := range append([]time.Time{noon.Add(-tick), noon.Add(tick)}, times...) {
			want := slices.DeleteFunc(byID(tickets), func(t store.Ticket) bool { return !before.IsZero() && !t.LastSeen.Before(before) })
			got := get(w, func(r store.Records) ([]store.Ticket, error) {
				return collectTickets(r.Tickets(store.TicketFilter{SeenBefore: before}))
			})
			w.equal(fmt.Sprint("Tickets seen before ", before), got, want)
		}
	}},
	{"tickets newest", "With Newest, Tickets lists by Created, then ID, the greatest first, the tickets that User, Kind and After select.", func(w *world) {
		tickets := append(sampleTickets(), ticket("twin 1", "alice"), ticket("twin 2", "alice"), ticket("twin 3", "bob"))
		w.update(addTicketWorld)
		w.update(func(r store.Records) error { return each(tickets, r.AddTicket) })
		tickets = newestFirst(tickets)
		places := []store.TicketPlace{{}, {Created: noon, ID: uuid.Max}, {Created: noon, ID: id("gone")}, {ID: uuid.Max}, {Created: times[len(times)-1]}}
		for _, t := range tickets {
			places = append(places, store.TicketPlace{Created: t.Created, ID: t.ID})
		}
		for _, after := range places {
			for _, u := range []uuid.UUID{{}, id("alice"), id("bob"), id("nobody")} {
				for kind, keys := range map[store.TicketKind][]bool{store.AnyTicket: {false, true}, store.SessionTicket: {false}, store.KeyTicket: {true}} {
					want := slices.DeleteFunc(slices.Clone(tickets), func(t store.Ticket) bool {
						return u != uuid.Nil && t.User != u || !slices.Contains(keys, t.Key) ||
							after != store.TicketPlace{} && comparePlaces(t, store.Ticket{Created: after.Created, ID: after.ID}) >= 0
					})
					f := store.TicketFilter{Newest: true, User: u, Kind: kind, After: after}
					got := get(w, func(r store.Records) ([]store.Ticket, error) { return collectTickets(r.Tickets(f)) })
					w.equal(fmt.Sprintf("Tickets(%+v)", f), got, want)
				}
			}
		}
	}},
	{"tickets newest of all", "With Newest, Tickets lists each ticket once, however many there are, sessions and API keys of all users in one order.", func(w *world) {
		w.update(addTicketWorld)
		var tickets []store.Ticket
		for i := range many {
			t := ticket(fmt.Sprint(i), pick([]string{"alice", "bob"}, i))
			t.Key, t.Created = i%3 == 0, noon.Add(time.Duration(i*7%5)*tick)
			tickets = append(tickets, t)
		}
		w.update(func(r store.Records) error { return each(tickets, r.AddTicket) })
		got := get(w, func(r store.Records) ([]store.Ticket, error) {
			return collectTickets(r.Tickets(store.TicketFilter{Newest: true}))
		})
		w.equal("Tickets", got, newestFirst(tickets))
		w.update(func(r store.Records) error {
			return each(tickets[1:], func(t store.Ticket) error { return r.DeleteTicket(t.ID) })
		})
		got = get(w, func(r store.Records) ([]store.Ticket, error) {
			return collectTickets(r.Tickets(store.TicketFilter{Newest: true}))
		})
		w.equal("Tickets when all others are deleted", got, tickets[:1])
	}},
	{"tickets names", "Tickets names the user of each ticket, by the name of the time.", func(w *world) {
		w.update(addTicketWorld)
		w.update(func(r store.Records) error {
			return each([]store.Ticket{ticket("t1", "alice", "g1"), ticket("t2", "bob")}, r.AddTicket)
		})
		want := map[uuid.UUID]string{id("t1"): "alice", id("t2"): "bob"}
		names := func(r store.Records) (_ int, err error) {
			for _, f := range []store.TicketFilter{{}, {SeenBefore: noon.Add(tick)}, {Groups: ids("g1")}, {Newest: true}, {Newest: true, Kind: store.SessionTicket}, {Newest: true, User: id("alice")}} {
				for t, err := range r.Tickets(f) {
					if err != nil {
						return 0, err
					}
					w.equal(fmt.Sprintf("UserName of Tickets(%+v)", f), t.UserName, want[t.ID])
				}
			}
			return 0, nil
		}
		get(w, names)
		u := user("alice")
		u.Name, want[id("t1")] = "alicia", "alicia"
		w.update(func(r store.Records) error { return r.SetUser(u) })
		get(w, names)
	}},
	{"tickets touch", "TouchTicket moves LastSeen forward, never back, and writes nothing else.", func(w *world) {
		w.update(addTicketWorld)
		want := sampleTickets()[0]
		want.LastSeen = noon
		w.update(func(r store.Records) error { return r.AddTicket(want) })
		for _, seen := range []time.Time{noon.Add(tick), noon, {}, noon.Add(tick), noon.Add(-time.Hour), noon.Add(time.Hour), times[len(times)-1]} {
			w.update(func(r store.Records) error { return r.TouchTicket(want.ID, seen) })
			if seen.After(want.LastSeen) {
				want.LastSeen = seen
			}
			w.equal(fmt.Sprint("ticket touched at ", seen), w.ticketByID(want.ID), want)
			idle := get(w, func(r store.Records) ([]store.Ticket, error) {
				return collectTickets(r.Tickets(store.TicketFilter{SeenBefore: noon.Add(tick)}))
			})
			w.equal("Tickets seen after a touch", len(idle) == 1, want.LastSeen.Equal(noon))
		}
	}},
	{"tickets touch deleted", "A touch never brings a ticket back, and is no error, however the ticket went.", func(w *world) {
		w.update(addTicketWorld)
		for what, end := range map[string]func(store.Records) error{
			"DeleteTicket":      func(r store.Records) error { return r.DeleteTicket(id("t")) },
			"DeleteDeadTickets": func(r store.Records) error { _, err := r.DeleteDeadTickets(noon.Add(time.Hour), 9); return err },
		} {
			w.update(func(r store.Records) error { return r.AddTicket(ticket("t", "alice", "g1")) })
			w.update(func(r store.Records) error {
				if err := end(r); err != nil {
					return err
				}
				return r.TouchTicket(id("t"), noon.Add(time.Minute))
			})
			w.gone(what, ticket("t", "alice", "g1"))
			w.update(func(r store.Records) error { return r.TouchTicket(id("t"), noon.Add(2*time.Minute)) })
			w.gone(what, ticket("t", "alice", "g1"))
		}
	}},
	{"tickets touch idle", "A touch moves the idle end of a ticket, too.", func(w *world) {
		w.update(addTicketWorld)
		t := ticket("t", "alice")
		t.Idle, t.Expires = time.Minute, noon.Add(24*time.Hour)
		w.update(func(r store.Records) error { return r.AddTicket(t) })
		w.update(func(r store.Records) error { return r.TouchTicket(t.ID, noon.Add(time.Hour)) })
		w.equal("deleted before it is idle", w.deleteDead(noon.Add(time.Hour+time.Minute-tick), 9), 0)
		w.equal("deleted when it is idle", w.deleteDead(noon.Add(time.Hour+time.Minute), 9), 1)
	}},
	{"tickets delete", "A deleted ticket is found by nothing, its id and hash are free, and its user and groups can be deleted.", func(w *world) {
		w.update(addTicketWorld)
		t := ticket("t", "alice", "g1", "g2")
		w.update(func(r store.Records) error { return r.AddTicket(t) })
		w.update(func(r store.Records) error { return r.DeleteTicket(t.ID) })
		w.gone("deleted", t)
		w.update(func(r store.Records) error { return r.AddTicket(t) })
		w.update(func(r store.Records) error { return r.DeleteTicket(t.ID) })
		w.update(func(r store.Records) error { return each(ids("g1", "g2"), r.DeleteGroup) })
		w.update(func(r store.Records) error { return r.DeleteUser(t.User) })
	}},
	{"tickets dead", "DeleteDeadTickets deletes tickets whose Expires or, unless Key, whose LastSeen plus Idle is at or before the time.", func(w *world) {
		w.update(addTicketWorld)
		tickets, want := mortalTickets(noon)
		w.update(func(r store.Records) error { return each(tickets, r.AddTicket) })
		w.equal("deleted", w.deleteDead(noon, 100), len(tickets)-len(want))
		got := get(w, func(r store.Records) ([]store.Ticket, error) {
			return collectTickets(r.Tickets(store.TicketFilter{SeenBefore: noon.Add(2 * time.Hour)}))
		})
		w.equal("what is left", got, byID(want))
		w.equal("deleted the second time", w.deleteDead(noon, 100), 0)
		w.equal("Tickets of groups", w.groupTickets("g1"), byID(want))
	}},
	{"tickets dead limit", "DeleteDeadTickets deletes at most limit tickets and tells how many.", func(w *world) {
		w.update(addTicketWorld)
		tickets, alive := mortalTickets(noon)
		w.update(func(r store.Records) error { return each(tickets, r.AddTicket) })
		left := len(tickets) - len(alive)
		w.equal("limit 0", w.deleteDead(noon, 0), 0)
		for left > 0 {
			w.equal("limit 2", w.deleteDead(noon, 2), min(2, left))
			left -= min(2, left)
			got := get(w, func(r store.Records) ([]store.Ticket, error) {
				return collectTickets(r.Tickets(store.TicketFilter{SeenBefore: noon.Add(2 * time.Hour)}))
			})
			w.equal("tickets left", len(got), len(alive)+left)
		}
		w.equal("nothing left", w.deleteDead(noon, 2), 0)
	}},
}

func addTicketWorld(r store.Records) error {
	if err := addUsers(r, "alice", "bob"); err != nil {
		return err
	}
	return addGroups(r, "g1", "g2", "g3")
}

// sampleTickets are tickets that together hold every text and time, and every
// choice of groups.
func sampleTickets() (list []store.Ticket) {
	choices := [][]string{nil, {"g1"}, {"g2"}, {"g1", "g2"}, {"g3"}, {"g1", "g2", "g3"}, {"g2", "g3"}}
	for i, text := range texts {
		groups := pick(choices, i)
		list = append(list, store.Ticket{
			ID: id("ticket" + text), User: id(pick([]string{"alice", "bob", "alice"}, i)), Hash: hash(text), Label: text,
			Key: i%5 == 1, Kept: i%3 == 1, Narrowed: groups != nil, Groups: ids(groups...),
			Created: pick(times, i/3), LastSeen: pick(times, i+1), Expires: pick(times, i+2), Idle: pick(spans, i), Addr: pick(texts, i+3), UserAgent: pick(texts, i+4),
		})
	}
	return list
}

// mortalTickets are tickets on either side of each boundary. alive are the
// tickets that must stay.
func mortalTickets(at time.Time) (tickets, alive []store.Ticket) {
	const idle = time.Hour
	later := at.Add(tick)
	ages := []struct {
		expires, seen time.Time
		idle          time.Duration
		key, dead     bool
	}{
		{later, later, idle, false, false},
		{later, later, 0, false, false},
		{later, later.Add(-idle), idle, false, false},
		{later, later.Add(-idle), idle, true, false},
		{later, at.Add(-idle), idle, false, true},
		{later, at.Add(-idle - tick), idle, false, true},
		{later, at.Add(-idle), idle + tick, false, false}, // each ticket by its own limit
		{later, at.Add(-24 * idle), 24 * idle, false, true},
		{later, at.Add(-24 * idle), 24*idle + tick, false, false},
		{later, at, 0, false, true},
		{later, at.Add(-idle), idle, true, false},
		{later, time.Time{}, 0, true, false},
		{later, time.Time{}, spans[len(spans)-1], false, true},
		{at, later, idle, false, true},
		{at, later, idle, true, true},
		{at.Add(-tick), later, idle, false, true},
		{time.Time{}, at, idle, false, true}, // a zero time is before all times in use
		{time.Time{}, at, idle, true, true},
		{at, at.Add(-idle), idle, false, true},
	}
	for i, a := range ages {
		t := ticket(fmt.Sprint("ticket", i), "alice", "g1")
		t.Expires, t.LastSeen, t.Idle, t.Key = a.expires, a.seen, a.idle, a.key
		tickets = append(tickets, t)
		if !a.dead {
			alive = append(alive, t)
		}
	}
	return tickets, alive
}

func byID(tickets []store.Ticket) []store.Ticket {
	tickets = slices.Clone(tickets)
	slices.SortFunc(tickets, func(a, b store.Ticket) int { return compareIDs(a.ID, b.ID) })
	return tickets
}

func newestFirst(tickets []store.Ticket) []store.Ticket {
	tickets = slices.Clone(tickets)
	slices.SortFunc(tickets, func(a, b store.Ticket) int { return comparePlaces(b, a) })
	return tickets
}

func comparePlaces(a, b store.Ticket) int {
	return cmp.Or(a.Created.Compare(b.Created), compareIDs(a.ID, b.ID))
}

// collectTickets is store.Collect without the names of the users.
func collectTickets(seq iter.Seq2[store.UserTicket, error]) (list []store.Ticket, err error) {
	for t, err := range seq {
		if err != nil {
			return nil, err
		}
		list = append(list, t.Ticket)
	}
	return list, nil
}

func (w *world) ticket(name string) store.Ticket { w.Helper(); return w.ticketByID(id(name)) }

func (w *world) ticketByID(id uuid.UUID) store.Ticket {
	w.Helper()
	return get(w, func(r store.Records) (store.Ticket, error) { return r.Ticket(store.TicketKey{ID: id}) })
}

func (w *world) groupTickets(groups ...string) []store.Ticket {
	w.Helper()
	f := store.TicketFilter{Groups: append([]uuid.UUID{}, ids(groups...)...)} // not nil
	return get(w, func(r store.Records) ([]store.Ticket, error) { return collectTickets(r.Tickets(f)) })
}

func (w *world) deleteDead(at time.Time, limit int) (n int) {
	w.Helper()
	w.update(func(r store.Records) (err error) {
		n, err = r.DeleteDeadTickets(at, limit)
		return err
	})
	return n
}

// gone requires that no method finds the ticket.
func (w *world) gone(what string, t store.Ticket) {
	w.Helper()
	w.notFound(what+": Ticket", func(r store.Records) error { _, err := r.Ticket(store.TicketKey{ID: t.ID}); return err })
	w.notFound(what+": Ticket by hash", func(r store.Records) error { _, err := r.Ticket(store.TicketKey{Hash: t.Hash}); return err })
	lists := map[string]func(store.Records) ([]store.Ticket, error){
		"UserTickets": func(r store.Records) ([]store.Ticket, error) {
			return r.UserTickets(t.User)
		},
		"Tickets of groups": func(r store.Records) ([]store.Ticket, error) {
			return collectTickets(r.Tickets(store.TicketFilter{Groups: t.Groups}))
		},
		"Tickets seen before": func(r store.Records) ([]store.Ticket, error) {
			return collectTickets(r.Tickets(store.TicketFilter{SeenBefore: times[len(times)-1]}))
		},
	}
	for method, list := range lists {
		w.equal(what+": "+method, get(w, list), []store.Ticket{})
	}
}
