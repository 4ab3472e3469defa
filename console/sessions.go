package console

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// sessionsData is the data of the list of everybody's tickets.
type sessionsData struct {
	Rows             []rbac.Ticket
	User, Addr, Kind string
	Pages            pager
	Fault            string // about Addr
}

func (c *console) sessions(v *visit) error {
	d := sessionsData{User: v.query("user"), Addr: v.query("addr"), Kind: v.query("kind")}
	q := rbac.TicketQuery{User: d.User, Limit: pageSize + 1}
	var err error
	switch d.Kind {
	case "session":
		q.Kind = rbac.SessionTicket
	case "key":
		q.Kind = rbac.KeyTicket
	}
	if d.Addr != "" {
		if q.Addr, err = parseNetwork(d.Addr); err != nil {
			d.Fault = v.T("sessions.no network", d.Addr)
			return v.show(http.StatusUnprocessableEntity, "sessions", frame{Data: d})
		}
	}
	if v.query("format") == "csv" {
		return v.sessionsCSV(q)
	}
	if at, err := time.Parse(time.RFC3339Nano, v.query("after")); err == nil {
		q.After.Created = at
		q.After.ID, _ = uuid.Parse(v.query("after_id"))
	}
	d.Rows, err = read(v, func(tx *rbac.Tx, rows *[]rbac.Ticket) (err error) {
		*rows, err = collect(tx.Tickets(q))
		return err
	})
	if err != nil {
		return err
	}
	next := ""
	if len(d.Rows) > pageSize {
		d.Rows = d.Rows[:pageSize]
		last := d.Rows[pageSize-1]
		next = address("sessions", "user", d.User, "addr", d.Addr, "kind", d.Kind,
			"after", last.Created.Format(time.RFC3339Nano), "after_id", last.ID.String())
	}
	d.Pages = v.pager(next, "after", "after_id")
	return v.show(http.StatusOK, "sessions", frame{CSV: v.next("format", "csv"), Data: d})
}

func (v *visit) sessionsCSV(q rbac.TicketQuery) error {
	q.Limit = maxPage
	t := v.table("user", "kind", "label", "signed in", "last seen", "from", "browser", "ends")
	return t.pages("sessions", func(tx *rbac.Tx) (func(), error) {
		rows, err := collect(tx.Tickets(q))
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			kind, from := "session", ""
			if r.Key {
				kind = "API key"
			}
			if r.Addr.IsValid() {
				from = r.Addr.String()
			}
			t.row(r.User, v.T(kind), r.Label, csvTime(r.Created), csvTime(r.LastSeen), from, r.UserAgent, csvTime(r.Expires))
		}
		if len(rows) < maxPage {
			return nil, nil
		}
		last := rows[len(rows)-1]
		return func() { q.After.Created, q.After.ID = last.Created, last.ID }, nil
	})
}

// parseNetwork parses a network, or an address as a network of one.
func parseNetwork(text string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}
