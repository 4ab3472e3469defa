package rbac_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// ticketLabels returns the labels of the tickets that a query selects.
func ticketLabels(t *testing.T, a *rbac.Authority, q rbac.TicketQuery) (labels []string, last rbac.Ticket) {
	t.Helper()
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		labels = nil
		for ticket, err := range tx.Tickets(q) {
			if err != nil {
				return err
			}
			labels, last = append(labels, ticket.Label), ticket
		}
		return nil
	}))
	return labels, last
}

// An administrator sees the living tickets of everybody, newest first, by user,
// network and kind, page by page.
func TestTicketsOfEverybody(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		addr := netip.MustParseAddr
		key := h.clock.Now().Add(1000 * time.Hour)
		var ids []uuid.UUID
		for i, l := range []rbac.Login{
			{User: "amy", Label: "old"},
			{User: "nora", Label: "key", Expires: key, Addr: addr("192.0.2.1")},
			{User: "amy", Label: "v4", Addr: addr("192.0.2.200")},
			{User: "nora", Label: "v6", Addr: addr("2001:db8::1"), Groups: []string{}},
			{User: "amy", Label: "mapped", Addr: addr("::ffff:192.0.2.7"), Groups: []string{"editors"}},
			{User: "amy", Label: "robot", Expires: key},
		} {
			if i == 1 {
				h.clock.Advance(13 * time.Hour) // the ticket before has expired
			}
			if i != 4 { // and two tickets were made at one time
				h.clock.Advance(time.Second)
			}
			ticket, err := a.Ticket(ctx, h.issue(a, l))
			must(t, err)
			ids = append(ids, ticket.ID)
		}
		twins := []string{"mapped", "v6"}
		if strings.Compare(ids[4].String(), ids[3].String()) < 0 {
			slices.Reverse(twins)
		}
		all := slices.Concat([]string{"robot"}, twins, []string{"v4", "key"})
		of := func(keep ...string) (list []string) {
			return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !slices.Contains(keep, s) })
		}
		net := netip.MustParsePrefix
		for _, c := range []struct {
			q    rbac.TicketQuery
			want []string
		}{
			{rbac.TicketQuery{}, all},
			{rbac.TicketQuery{User: "AMY"}, of("robot", "mapped", "v4")},
			{rbac.TicketQuery{User: "dora"}, nil},
			{rbac.TicketQuery{Kind: rbac.KeyTicket}, of("robot", "key")},
			{rbac.TicketQuery{Kind: rbac.SessionTicket}, of("mapped", "v6", "v4")},
			{rbac.TicketQuery{Kind: rbac.KeyTicket, User: "nora"}, of("key")},
			{rbac.TicketQuery{Addr: net("192.0.2.0/24")}, of("mapped", "v4", "key")},
			{rbac.TicketQuery{Addr: net("192.0.2.0/25")}, of("mapped", "key")},
			{rbac.TicketQuery{Addr: net("::ffff:192.0.2.0/121")}, of("mapped", "key")},
			{rbac.TicketQuery{Addr: net("192.0.2.77/24"), User: "amy"}, of("mapped", "v4")},
			{rbac.TicketQuery{Addr: net("2001:db8::/32")}, of("v6")},
			{rbac.TicketQuery{Addr: net("0.0.0.0/0")}, of("mapped", "v4", "key")},
			{rbac.TicketQuery{Addr: net("10.0.0.0/8")}, nil},
		} {
			for _, limit := range []int{0, 1, 2, 5} {
				q, got := c.q, []string(nil)
				q.Limit = limit
				for more := true; more && len(got) <= len(c.want); {
					var page []string
					page, q.After = ticketLabels(t, a, q)
					got, more = append(got, page...), limit > 0 && len(page) > 0
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%+v, pages of %d: got %q, want %q", c.q, limit, got, c.want)
				}
			}
		}
		_, narrow := ticketLabels(t, a, rbac.TicketQuery{User: "amy", Limit: 2})
		if narrow.User != "amy" || narrow.Key || !slices.Equal(narrow.Groups, []string{"editors"}) || narrow.Addr != addr("::ffff:192.0.2.7") {
			t.Errorf("a narrowed session of amy is %+v", narrow)
		}
		must(t, a.RevokeTicket(ctx, "amy", narrow.ID))
		if got, _ := ticketLabels(t, a, rbac.TicketQuery{User: "amy", After: narrow}); !slices.Equal(got, []string{"v4"}) {
			t.Errorf("after a ticket that has ended: %q", got)
		}
		for want, list := range map[error][]rbac.TicketQuery{
			rbac.ErrInvalid: {{Kind: rbac.KeyTicket + 1}, {Addr: netip.PrefixFrom(home, 99)}, {Addr: net("::ffff:0.0.0.0/90")}, {User: "\xff"},
				{After: rbac.Ticket{ID: narrow.ID, Created: time.Unix(1<<60, 0)}}},
			rbac.ErrNotFound: {{User: "zed"}},
		} {
			for _, q := range list {
				if err := a.View(ctx, func(tx *rbac.Tx) error { return last(tx.Tickets(q)) }); !errors.Is(err, want) {
					t.Errorf("%+v: got %v, want %v", q, err, want)
				}
			}
		}
	})
}

// Groups and Omitted of a listed ticket are those of Authority.Tickets, also in
// an Update that has changed them.
func TestTicketsOfEverybodyShowGroups(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.groups(a, map[string][]string{"auditors": nil, "tellers": nil})
		h.user(a, "amy", "", "auditors", "tellers")
		h.issue(a, rbac.Login{User: "amy"})
		h.issue(a, rbac.Login{User: "amy", Groups: []string{"tellers"}})
		show := func(tickets ...rbac.Ticket) (text string) {
			for _, ticket := range tickets {
				text += fmt.Sprintf("%q %q\n", ticket.Groups, ticket.Omitted)
			}
			return text
		}
		listed := func(tx *rbac.Tx) (list []rbac.Ticket, err error) {
			for ticket, err := range tx.Tickets(rbac.TicketQuery{}) {
				if err != nil {
					return nil, err
				}
				list = append(list, ticket)
			}
			slices.Reverse(list)
			return list, nil
		}
		check := func(rule string) {
			t.Helper()
			want, err := a.Tickets(ctx, "amy")
			must(t, err)
			var got []rbac.Ticket
			must(t, a.View(ctx, func(tx *rbac.Tx) (err error) { got, err = listed(tx); return err }))
			if show(got...) != show(want...) {
				t.Errorf("%s: got\n%swant\n%s", rule, show(got...), show(want...))
			}
		}
		check("without separation sets")
		h.do(a, all(endTickets("amy"), dsd("desks", 2, "tellers", "auditors")))
		h.issue(a, rbac.Login{User: "amy"})
		h.issue(a, rbac.Login{User: "amy", Groups: []string{"tellers"}})
		check("with a dynamic set")
		before, err := a.Tickets(ctx, "amy")
		must(t, err)
		var inside []rbac.Ticket
		h.do(a, func(tx *rbac.Tx) (err error) {
			if err := tx.DeleteDSDSet("desks"); err != nil {
				return err
			}
			inside, err = listed(tx)
			return err
		})
		after, err := a.Tickets(ctx, "amy")
		must(t, err)
		if show(inside...) != show(after...) || show(before...) == show(after...) {
			t.Errorf("in the Update: got\n%swant\n%sbefore\n%s", show(inside...), show(after...), show(before...))
		}
	})
}

// EndTickets ends sessions and API keys, in every Authority at once, except the
// given tickets.
func TestEndTickets(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			rule        string
			user        string
			keep        []string
			ended       int
			alive, dead []string
		}{
			{"a user's", "Amy", nil, 3, []string{"nora"}, []string{"this", "other", "key"}},
			{"all but this one", "amy", []string{"this"}, 2, []string{"this", "nora"}, []string{"other", "key"}},
			{"all but several", "amy", []string{"this", "key", "nora", "none"}, 1, []string{"this", "key", "nora"}, []string{"other"}},
			{"nobody's", "dora", nil, 0, []string{"this", "other", "key", "nora"}, nil},
			{"everybody's", "", nil, 4, nil, []string{"this", "other", "key", "nora"}},
			{"everybody's but this one", "", []string{"this", "none"}, 3, []string{"this"}, []string{"other", "key", "nora"}},
		} {
			t.Run(c.rule, func(t *testing.T) {
				h := h.beside(t)
				a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
				h.issue(a, rbac.Login{User: "amy"})
				h.clock.Advance(13 * time.Hour) // a dead ticket does not count
				tokens, ids := map[string]rbac.Token{}, map[string]uuid.UUID{"none": {7}}
				for name, l := range map[string]rbac.Login{
					"this":  {User: "amy"},
					"other": {User: "amy", Groups: []string{"editors"}},
					"key":   {User: "amy", Label: "robot", Expires: h.clock.Now().Add(1000 * time.Hour)},
					"nora":  {User: "nora"},
				} {
					tokens[name] = h.issue(a, l)
					ticket, err := b.Ticket(ctx, tokens[name])
					must(t, err)
					ids[name] = ticket.ID
					checkAlive(t, name, a, alive, tokens[name])
					checkAlive(t, name, b, alive, tokens[name])
				}
				var except []uuid.UUID
				for _, name := range c.keep {
					except = append(except, ids[name])
				}
				ended := -1
				h.do(a, func(tx *rbac.Tx) (err error) { ended, err = tx.EndTickets(c.user, except...); return err })
				if ended != c.ended {
					t.Errorf("ended %d, want %d", ended, c.ended)
				}
				for _, x := range []*rbac.Authority{a, b, h.open(rbac.Config{})} {
					for _, name := range c.alive {
						checkAlive(t, name, x, alive, tokens[name])
					}
					for _, name := range c.dead {
						checkAlive(t, name, x, dead, tokens[name])
					}
				}
			})
		}
		a := h.office(rbac.Config{})
		for name, want := range map[string]error{"zed": rbac.ErrNotFound, "\xff": rbac.ErrInvalid} {
			if err := a.Update(ctx, endTickets(name)); !errors.Is(err, want) {
				t.Errorf("EndTickets(%q): got %v, want %v", name, err, want)
			}
		}
		for _, name := range []string{"", "amy"} {
			if err := a.View(ctx, endTickets(name)); !errors.Is(err, rbac.ErrReadOnly) {
				t.Errorf("EndTickets(%q) in a View: got %v", name, err)
			}
		}
	})
}

// A ticket ends in an Authority under a lease within MaxStaleness.
func TestEndTicketsUnderALease(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		h.realTime = true
		a := h.office(rbac.Config{})
		b := h.open(rbac.Config{MaxStaleness: promptly})
		tok := h.issue(a, rbac.Login{User: "amy"})
		checkAlive(t, "before", b, alive, tok)
		h.do(a, endTickets(""))
		ended := time.Now()
		for {
			begin := time.Now()
			_, err := b.Identify(ctx, tok)
			switch {
			case errors.Is(err, rbac.ErrNoTicket):
				return
			case begin.Sub(ended) > promptly && !errors.Is(err, rbac.ErrUnavailable):
				t.Fatalf("later than MaxStaleness: %v", err)
			}
		}
	})
}

// Delegates end the tickets of users they may administer. Tickets of everybody
// are for administrators.
func TestDelegatesEndTickets(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		mia, ada := h.issue(a, rbac.Login{User: "mia"}), h.issue(a, rbac.Login{User: "ada"})
		for _, who := range []string{"mia", "mo", "leo", "amy"} {
			if err := h.as(a, who, endTickets("mia")); !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("%s ends mia's tickets: %v", who, err)
			}
		}
		checkAlive(t, "refused", a, alive, mia, ada)
		must(t, h.as(a, "lea", endTickets("mia")))
		checkAlive(t, "by the lead", a, dead, mia)
		checkAlive(t, "nobody else's", a, alive, ada)
		must(t, h.as(a, "ada", endTickets("")))
		checkAlive(t, "by an administrator", a, dead, ada)
	})
}

func endTickets(user string, except ...uuid.UUID) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error { return second(tx.EndTickets(user, except...)) }
}
