package sqlstore

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

const ticketColumns = "t.id, t.user_id, t.hash, t.label, t.api_key, t.narrowed, t.created, t.last_seen, t.expires, t.idle, t.addr, t.user_agent"

// plainTicketColumns are ticketColumns of a table without an alias.
const plainTicketColumns = "id, user_id, hash, label, api_key, narrowed, created, last_seen, expires, idle, addr, user_agent"

const selectTicket = "SELECT " + ticketColumns + " FROM rbac_tickets t"

func (r *records) Ticket(k store.TicketKey) (store.Ticket, error) {
	where, arg := " WHERE id = ?", any(k.ID)
	if k.Hash != (store.TokenHash{}) {
		where, arg = " WHERE hash = ?", k.Hash[:]
	}
	const call = "Ticket"
	t, err := one(r, call, scanTicket, selectTicket+where, arg)
	if err != nil || !t.Narrowed {
		return t, err
	}
	t.Groups, err = all(r, call, scanID, "SELECT group_id FROM rbac_ticket_groups WHERE ticket_id = ? ORDER BY group_id", t.ID)
	if err != nil {
		return store.Ticket{}, err
	}
	if t.Groups == nil {
		// Narrowed to no group must not be mistaken for "not narrowed".
		t.Groups = []uuid.UUID{}
	}
	return t, nil
}

func (r *records) UserTickets(user uuid.UUID) ([]store.Ticket, error) {
	const call = "UserTickets"
	list, err := all(r, call, scanTicket, selectTicket+" WHERE user_id = ? ORDER BY created, id", user)
	if err != nil {
		return nil, err
	}
	return list, r.addGroups(call, len(list), func(i int) *store.Ticket { return &list[i] })
}

// listTickets begins the queries of listings. The name is read ticket by
// ticket: for a join, an engine could read all users. The ticket of a user who
// is missing is listed, too, without a name.
const listTickets = "SELECT " + ticketColumns + ", coalesce((SELECT u.name FROM rbac_users u WHERE u.id = t.user_id), '') AS user_name FROM rbac_tickets t"

func (r *records) Tickets(f store.TicketFilter) iter.Seq2[store.UserTicket, error] {
	f.Groups = slices.Clone(f.Groups) // the caller's slice may change before the listing runs
	return pages(r, "Tickets", 0, func(last *store.UserTicket, size int) ([]store.UserTicket, error) {
		var w where
		switch {
		case f.Newest:
			return r.newestTickets(f, last, size)
		case f.Groups != nil:
			return r.groupTickets(f.Groups, last, size)
		case !f.SeenBefore.IsZero():
			w.and("last_seen < ?", micros(f.SeenBefore))
		}
		if last != nil {
			w.and("id > ?", last.ID)
		}
		return r.tickets(listTickets+w.String()+" ORDER BY id LIMIT ?", append(w.args, size)...)
	})
}

func (r *records) groupTickets(groups []uuid.UUID, last *store.UserTicket, size int) ([]store.UserTicket, error) {
	var w where
	anyOf, list := r.anyID("group_id", groups)
	w.and(anyOf, list)
	if last != nil {
		w.and("ticket_id > ?", last.ID)
	}
	page := "SELECT DISTINCT ticket_id FROM rbac_ticket_groups" + w.String() + " ORDER BY ticket_id LIMIT ?"
	return r.tickets(listTickets+" WHERE id IN ("+page+") ORDER BY id", append(w.args, size)...)
}

// newestTickets reads a page. The tickets of all kinds are the first of two
// pages, so that one index serves every kind.
func (r *records) newestTickets(f store.TicketFilter, last *store.UserTicket, size int) ([]store.UserTicket, error) {
	const order = " ORDER BY created DESC, id DESC LIMIT ?"
	var w where
	if last != nil {
		f.After = store.TicketPlace{Created: last.Created, ID: last.ID}
	}
	if f.After != (store.TicketPlace{}) {
		w.and("(created, id) < (?, ?)", micros(f.After.Created), f.After.ID)
	}
	if f.User != uuid.Nil {
		w.and("user_id = ?", f.User)
	}
	if f.Kind != store.AnyTicket {
		w.and("api_key = ?", f.Kind == store.KeyTicket)
	}
	if f.Kind != store.AnyTicket || f.User != uuid.Nil {
		return r.tickets(listTickets+w.String()+order, append(w.args, size)...)
	}
	sessions, keys := w.with("api_key = ?", false), w.with("api_key = ?", true)
	const from = "SELECT " + plainTicketColumns + ", user_name FROM ("
	query := from + listTickets + sessions.String() + order + ") sessions UNION ALL " + from + listTickets + keys.String() + order + ") api_keys" + order
	args := append(append(sessions.args, size), append(keys.args, size)...)
	return r.tickets(query, append(args, size)...)
}

func (r *records) AddTicket(t store.Ticket) error {
	err := r.add("AddTicket", "INSERT INTO rbac_tickets ("+plainTicketColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		t.ID, t.User, t.Hash[:], t.Label, t.Key, t.Narrowed, micros(t.Created), micros(t.LastSeen), micros(t.Expires), t.Idle.Microseconds(), t.Addr, t.UserAgent)
	if err != nil || !t.Narrowed {
		return err
	}
	return r.addTicketGroups("AddTicket", t.ID, t.Groups)
}

func (r *records) SetTicketGroups(id uuid.UUID, groups []uuid.UUID) error {
	const call = "SetTicketGroups"
	if err := r.change(call, "UPDATE rbac_tickets SET narrowed = ? WHERE id = ?", true, id); err != nil {
		return err
	}
	if _, err := r.exec(call, "DELETE FROM rbac_ticket_groups WHERE ticket_id = ?", id); err != nil {
		return err
	}
	return r.addTicketGroups(call, id, groups)
}

func (r *records) TouchTicket(id uuid.UUID, seen time.Time) error {
	_, err := r.exec("TouchTicket", `UPDATE rbac_tickets SET last_seen = ? WHERE id =
		(SELECT id FROM rbac_tickets WHERE id = ? AND last_seen < ?`+r.locks().Touch+")", micros(seen), id, micros(seen))
	return err
}

func (r *records) DeleteTicket(id uuid.UUID) error {
	const call = "DeleteTicket"
	if err := r.writable(call); err != nil {
		return err
	}
	// Every transaction locks a ticket before the groups of the ticket.
	if lock := r.locks().Update; lock != "" {
		if _, err := one(r, call, scanID, "SELECT id FROM rbac_tickets WHERE id = ?"+lock, id); err != nil {
			return err
		}
	}
	if _, err := r.exec(call, "DELETE FROM rbac_ticket_groups WHERE ticket_id = ?", id); err != nil {
		return err
	}
	return r.change(call, "DELETE FROM rbac_tickets WHERE id = ?", id)
}

func (r *records) DeleteDeadTickets(at time.Time, limit int) (int, error) {
	const call = "DeleteDeadTickets"
	if err := r.writable(call); err != nil {
		return 0, err
	}
	dead, err := all(r, call, scanID, `SELECT id FROM rbac_tickets
		WHERE expires <= ? OR (api_key = ? AND (last_seen + idle) <= ?) LIMIT ?`+r.locks().Skip, micros(at), false, micros(at), most(limit))
	if err != nil || len(dead) == 0 {
		return 0, err
	}
	anyOf, list := r.anyID("ticket_id", dead)
	if _, err := r.exec(call, "DELETE FROM rbac_ticket_groups WHERE "+anyOf, list); err != nil {
		return 0, err
	}
	anyOf, list = r.anyID("id", dead)
	return r.exec(call, "DELETE FROM rbac_tickets WHERE "+anyOf, list)
}

func (r *records) addTicketGroups(call string, id uuid.UUID, groups []uuid.UUID) error {
	for _, g := range groups {
		if err := r.add(call, "INSERT INTO rbac_ticket_groups (ticket_id, group_id) VALUES (?, ?)", id, g); err != nil {
			return err
		}
	}
	return nil
}

// tickets reads a page of a listing and, with a second query, the groups.
func (r *records) tickets(query string, args ...any) ([]store.UserTicket, error) {
	const call = "Tickets"
	list, err := all(r, call, scanUserTicket, query, args...)
	if err != nil {
		return nil, err
	}
	return list, r.addGroups(call, len(list), func(i int) *store.Ticket { return &list[i].Ticket })
}

// addGroups reads the groups of n tickets.
func (r *records) addGroups(call string, n int, ticket func(i int) *store.Ticket) error {
	narrowed := map[uuid.UUID]*store.Ticket{}
	var ids []uuid.UUID
	for i := range n {
		if t := ticket(i); t.Narrowed {
			t.Groups = []uuid.UUID{}
			narrowed[t.ID] = t
			ids = append(ids, t.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	anyOf, arg := r.anyID("ticket_id", ids)
	pairs, err := all(r, call, scanTicketGroup, "SELECT ticket_id, group_id FROM rbac_ticket_groups WHERE "+anyOf+" ORDER BY ticket_id, group_id", arg)
	for _, p := range pairs {
		t := narrowed[p.ticket]
		t.Groups = append(t.Groups, p.group)
	}
	return err
}

func scanTicket(row Row) (store.Ticket, error) {
	var t store.Ticket
	return t, row.Scan(ticketFields(&t)...)
}

func scanUserTicket(row Row) (store.UserTicket, error) {
	var t store.UserTicket
	return t, row.Scan(append(ticketFields(&t.Ticket), &t.UserName)...)
}

func ticketFields(t *store.Ticket) []any {
	return []any{&t.ID, &t.User, digest{&t.Hash}, &t.Label, &t.Key, &t.Narrowed,
		moment{&t.Created}, moment{&t.LastSeen}, moment{&t.Expires}, span{&t.Idle}, &t.Addr, &t.UserAgent}
}

// digest reads a hash.
type digest struct{ *store.TokenHash }

func (d digest) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok || len(b) != len(d.TokenHash) {
		return fmt.Errorf("a hash is %d bytes of %T, not %d", len(b), src, len(d.TokenHash))
	}
	copy(d.TokenHash[:], b)
	return nil
}

type ticketGroup struct{ ticket, group uuid.UUID }

func scanTicketGroup(row Row) (ticketGroup, error) {
	var p ticketGroup
	return p, row.Scan(&p.ticket, &p.group)
}
