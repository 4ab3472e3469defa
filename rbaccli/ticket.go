package rbaccli

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// ticketRow is a session or an API key in the output, without its secret.
type ticketRow struct {
	User      string   `json:"user"`
	Kind      string   `json:"kind"` // session or key
	Label     string   `json:"label"`
	Created   moment   `json:"created"`
	LastSeen  moment   `json:"last_seen"`
	Expires   moment   `json:"expires"`
	Groups    []string `json:"groups"`
	Address   string   `json:"address"`
	UserAgent string   `json:"user_agent" table:"-"`
	ID        string   `json:"id"`
}

func newTicketRow(t rbac.Ticket) ticketRow {
	row := ticketRow{
		User: t.User, Kind: "session", Label: t.Label, Created: moment(t.Created), LastSeen: moment(t.LastSeen),
		Expires: moment(t.Expires), Groups: filled(t.Groups), UserAgent: t.UserAgent, ID: t.ID.String(),
	}
	if t.Key {
		row.Kind = "key"
	}
	if t.Addr.IsValid() {
		row.Address = t.Addr.String()
	}
	return row
}

// listTickets prints the tickets of a query.
func (c *call) listTickets(q rbac.TicketQuery) error {
	return list(c, func(tx *rbac.Tx) ([]ticketRow, error) {
		tickets, err := collect(c, tx.Tickets(q))
		return mapped(tickets, newTicketRow), err
	})
}

// sessionVerbs are the verbs for login sessions.
type sessionVerbs struct {
	List sessionList `cmd:"" help:"List sessions, newest first."`
	End  sessionEnd  `cmd:"" help:"End sessions of a user."`
}

type sessionList struct {
	User    string `arg:"" optional:"" help:"Only sessions of this user."`
	Address string `placeholder:"NETWORK" help:"Only sessions from an address or a network, such as 10.0.0.0/8."`
	Limit   int    `placeholder:"N" help:"List at most N sessions."`
}

func (v *sessionList) Run(c *call) error {
	q := rbac.TicketQuery{User: v.User, Kind: rbac.SessionTicket, Limit: v.Limit}
	if v.Address != "" {
		var err error
		if q.Addr, err = network(v.Address); err != nil {
			return err
		}
	}
	return c.listTickets(q)
}

// network reads a network or a single address.
func network(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.Prefix(addr.BitLen())
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, usagef("%q is no network. Write an address, or a network such as 10.0.0.0/8.", text)
	}
	return p, nil
}

type sessionEnd struct {
	User      string   `arg:"" optional:"" help:"The name of the user."`
	IDs       []string `arg:"" optional:"" name:"id" help:"The ids of sessions, or the beginnings of ids. Without any: all sessions of the user."`
	Keys      bool     `help:"End API keys, too."`
	Everybody bool     `help:"End the sessions of all users."`
	change
}

func (v *sessionEnd) Run(c *call) error {
	if (v.User == "") != v.Everybody {
		return usagef("Name a user, or end all sessions of all users with --everybody.")
	}
	return v.apply(c, func(tx *rbac.Tx) error {
		q := rbac.TicketQuery{User: v.User}
		if len(v.IDs) == 0 {
			return endTickets(c, tx, q, func(t rbac.Ticket) bool { return v.Keys || !t.Key })
		}
		chosen, err := chooseTickets(c, tx, q, v.IDs)
		if err != nil {
			return err
		}
		return endTickets(c, tx, q, func(t rbac.Ticket) bool { return chosen[t.ID] })
	})
}

// endTickets ends those tickets of a query that end selects.
func endTickets(c *call, tx *rbac.Tx, q rbac.TicketQuery, end func(rbac.Ticket) bool) error {
	tickets, err := collect(c, tx.Tickets(q))
	if err != nil {
		return err
	}
	var stay []uuid.UUID
	for _, t := range tickets {
		if !end(t) {
			stay = append(stay, t.ID)
		}
	}
	if len(stay) == len(tickets) {
		return nil
	}
	_, err = tx.EndTickets(q.User, stay...)
	return err
}

// chooseTickets finds the tickets whose ids begin with the given texts.
func chooseTickets(c *call, tx *rbac.Tx, q rbac.TicketQuery, ids []string) (map[uuid.UUID]bool, error) {
	tickets, err := collect(c, tx.Tickets(q))
	if err != nil {
		return nil, err
	}
	chosen := map[uuid.UUID]bool{}
	for _, id := range ids {
		t, err := chooseTicket("session", tickets, id)
		if err != nil {
			return nil, err
		}
		chosen[t.ID] = true
	}
	return chosen, nil
}

// leastID is the least number of digits of an abbreviated id.
const leastID = 4

// chooseTicket finds the one session or key whose id begins with a text.
func chooseTicket(kind string, tickets []rbac.Ticket, id string) (t rbac.Ticket, err error) {
	if len(id) < leastID {
		return t, usagef("%q is too short for an id: write at least %d of its digits.", id, leastID)
	}
	begins := func(t rbac.Ticket) bool { return strings.HasPrefix(t.ID.String(), strings.ToLower(id)) }
	i := slices.IndexFunc(tickets, begins)
	if i < 0 {
		return t, &rbac.Error{Kind: rbac.ErrNotFound, Record: kind, Name: id}
	}
	if slices.ContainsFunc(tickets[i+1:], begins) {
		return t, usagef("%q is the beginning of several ids: write more of its digits.", id)
	}
	return tickets[i], nil
}
