package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rbac-go/rbac/store"
)

var ticketValueRules = []rule{
	{"ticket values round trip", "A value is given back as it was set, under its own ticket and key alone; TicketValues lists in byte order of Key.", func(w *world) {
		w.update(addValueWorld)
		var want, other []store.TicketValue
		for i, text := range append(texts, strings.Repeat("界", 1300)) {
			want = append(want, ticketValue("t1", text, pick(texts, i+1)))
			other = append(other, ticketValue("t2", text, pick(texts, i+2)))
		}
		want[0].Value, other[0].Value = strings.Repeat("v", 4000), ""
		w.update(func(r store.Records) error {
			return errors.Join(each(want, r.PutTicketValue), each(other, r.PutTicketValue))
		})
		w.equal("values of t1", w.values("t1"), byKey(want))
		w.equal("values of t2", w.values("t2"), byKey(other))
		w.equal("values of a ticket without any", w.values("t3"), []store.TicketValue{})
		w.equal("values of no ticket", w.values("nobody"), []store.TicketValue{})
	}},
	{"ticket values set", "PutTicketValue replaces the value of its key, and writes nothing else.", func(w *world) {
		w.update(addValueWorld)
		before := get(w, dump)
		for _, text := range []string{"first", "second", "", "second"} {
			w.update(func(r store.Records) error {
				return each([]store.TicketValue{ticketValue("t1", "a", text), ticketValue("t1", "b", "kept"), ticketValue("t2", "a", "other")}, r.PutTicketValue)
			})
			w.equal("values of t1", w.values("t1"), []store.TicketValue{ticketValue("t1", "a", text), ticketValue("t1", "b", "kept")})
			w.equal("values of t2", w.values("t2"), []store.TicketValue{ticketValue("t2", "a", "other")})
		}
		after := get(w, dump)
		after.Values = before.Values
		w.equal("everything else", after, before)
	}},
	{"ticket values delete", "DeleteTicketValue deletes the value of one key of one ticket; deleting it again is ErrNotFound.", func(w *world) {
		w.update(addValueWorld)
		w.update(func(r store.Records) error {
			return each([]store.TicketValue{ticketValue("t1", "a", "1"), ticketValue("t1", "b", "2"), ticketValue("t2", "a", "3")}, r.PutTicketValue)
		})
		w.update(func(r store.Records) error { return r.DeleteTicketValue(id("t1"), "a") })
		w.equal("values of t1", w.values("t1"), []store.TicketValue{ticketValue("t1", "b", "2")})
		w.equal("values of t2", w.values("t2"), []store.TicketValue{ticketValue("t2", "a", "3")})
		for _, key := range []string{"a", "B", "", "c"} {
			w.noTicketValue(fmt.Sprintf("DeleteTicketValue of %q", key), func(r store.Records) error { return r.DeleteTicketValue(id("t1"), key) })
		}
		w.update(func(r store.Records) error { return r.PutTicketValue(ticketValue("t1", "a", "again")) })
		w.equal("set again", w.values("t1"), []store.TicketValue{ticketValue("t1", "a", "again"), ticketValue("t1", "b", "2")})
	}},
	{"ticket values stay", "A touch or other groups leave a ticket's values alone.", func(w *world) {
		w.update(addValueWorld)
		want := []store.TicketValue{ticketValue("t1", "a", "1")}
		w.update(func(r store.Records) error { return r.PutTicketValue(want[0]) })
		for _, c := range []call{
			{"TouchTicket", func(r store.Records) error { return r.TouchTicket(id("t1"), noon.Add(time.Minute)) }},
			{"SetTicketGroups", func(r store.Records) error { return r.SetTicketGroups(id("t1"), ids("g1")) }},
		} {
			w.update(c.f)
			w.equal("values after "+c.name, w.values("t1"), want)
		}
	}},
	{"ticket values gone", "However a ticket goes its values go along, those of others stay, and neither it nor they are brought back.", func(w *world) {
		w.update(addValueWorld)
		stays := []store.TicketValue{ticketValue("t2", "a", "stays")}
		w.update(func(r store.Records) error { return r.PutTicketValue(stays[0]) })
		for what, end := range ends {
			t := ticket("gone", "alice", "g1")
			t.Expires = noon
			set := func(r store.Records) error { return r.PutTicketValue(ticketValue("gone", "a", "1")) }
			w.update(func(r store.Records) error { return r.AddTicket(t) })
			w.update(set)
			w.update(end)
			w.equal(what+": values", w.values("gone"), []store.TicketValue{})
			w.noTicketValue(what+": PutTicketValue", set)
			w.noTicketValue(what+": DeleteTicketValue", func(r store.Records) error { return r.DeleteTicketValue(t.ID, "a") })
			w.notFound(what+": Ticket", func(r store.Records) error { _, err := r.Ticket(store.TicketKey{ID: t.ID}); return err })
			w.update(func(r store.Records) error { return r.AddTicket(t) })
			w.equal(what+": values of a new ticket with that id", w.values("gone"), []store.TicketValue{})
			w.update(func(r store.Records) error {
				if err := set(r); err != nil { // also in the Update of the deletion
					return err
				}
				return end(r)
			})
			w.equal(what+": values", w.values("gone"), []store.TicketValue{})
		}
		w.equal("values of another ticket", w.values("t2"), stays)
	}},
	{"ticket values lock", "Two Updates that lock the ticket's user see each other's values: none of their writes is lost.", func(w *world) {
		w.update(addValueWorld)
		w.counts(func(r store.Records) (int, error) {
			if _, err := r.LockUser(id("alice")); err != nil {
				return 0, err
			}
			list, err := r.TicketValues(id("t1"))
			if err != nil {
				return 0, err
			}
			next := len(list) + 1
			return next, r.PutTicketValue(ticketValue("t1", strconv.Itoa(next), "x"))
		})
	}},
	{"ticket values against the end", "A value that is set while its ticket is deleted neither outlives it nor keeps it from being deleted.", func(w *world) {
		w.update(addValueWorld)
		for round := range 10 {
			name := fmt.Sprint("raced ", round)
			t := ticket(name, "alice")
			t.Expires = noon
			w.update(func(r store.Records) error { return r.AddTicket(t) })
			set := make(chan error, 4)
			for i := range cap(set) {
				go func() {
					set <- w.store.Update(w.ctx, func(r store.Records) error { return r.PutTicketValue(ticketValue(name, strconv.Itoa(i), "x")) })
				}()
			}
			w.insist("DeleteTicket", func(r store.Records) error { return r.DeleteTicket(t.ID) })
			for range cap(set) {
				if err := <-set; err != nil && err != store.ErrNotFound && !contention(err) {
					w.Errorf("PutTicketValue beside DeleteTicket: %v; it is before it, or ErrNotFound", err)
				}
			}
			w.notFound("Ticket", func(r store.Records) error { _, err := r.Ticket(store.TicketKey{ID: t.ID}); return err })
			w.equal("values", w.values(name), []store.TicketValue{})
		}
	}},
}

// ends are the ways in which the ticket "gone", expired at noon, is deleted.
var ends = map[string]func(store.Records) error{
	"DeleteTicket":      func(r store.Records) error { return r.DeleteTicket(id("gone")) },
	"DeleteDeadTickets": func(r store.Records) error { _, err := r.DeleteDeadTickets(noon, 9); return err },
}

// addValueWorld adds the living tickets t1 and t3 of alice and t2 of bob.
func addValueWorld(r store.Records) error {
	if err := addTicketWorld(r); err != nil {
		return err
	}
	return each([]store.Ticket{ticket("t1", "alice"), ticket("t2", "bob"), ticket("t3", "alice")}, r.AddTicket)
}

func ticketValue(ticket, key, text string) store.TicketValue {
	return store.TicketValue{Ticket: id(ticket), Key: key, Value: text}
}

func byKey(values []store.TicketValue) []store.TicketValue {
	slices.SortFunc(values, func(a, b store.TicketValue) int { return cmp.Compare(a.Key, b.Key) })
	return values
}

func (w *world) values(ticket string) []store.TicketValue {
	w.Helper()
	return get(w, func(r store.Records) ([]store.TicketValue, error) { return r.TicketValues(id(ticket)) })
}

// insist runs f in an Update, repeatedly if other transactions are in the way.
func (w *world) insist(what string, f func(store.Records) error) {
	w.Helper()
	err := w.store.Update(w.ctx, f)
	for try := 0; try < 100 && err != nil && contention(err); try++ {
		err = w.store.Update(w.ctx, f)
	}
	if err != nil {
		w.Errorf("%s: %v", what, err)
	}
}

// noTicketValue requires ErrNotFound from a call in an Update, which commits
// nevertheless.
func (w *world) noTicketValue(what string, call func(store.Records) error) {
	w.Helper()
	var got error
	w.update(func(r store.Records) error {
		got = call(r)
		return nil
	})
	w.equal(what, got, store.ErrNotFound)
}

// ticketValues returns the values of tickets.
func ticketValues(r store.Records, tickets []store.Ticket) (list []store.TicketValue, err error) {
	err = each(tickets, func(t store.Ticket) error {
		values, err := r.TicketValues(t.ID)
		list = append(list, values...)
		return err
	})
	return list, err
}
