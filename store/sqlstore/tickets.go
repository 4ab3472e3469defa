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
	return r.tickets("UserTickets", selectTicket+" WHERE user_id = ? ORDER BY created, id", user)
}

func (r *records) Tickets(f store.TicketFilter) iter.Seq2[store.Ticket, error] {
	f.Groups = slices.Clone(f.Groups) // the caller's slice may change before the listing runs
	return pages(r, "Tickets", 0, func(last *store.Ticket, size int) ([]store.Ticket, error) {
		if f.Groups != nil {
			return r.groupTickets(f.Groups, last, size)
		}
		var w where
		if !f.SeenBefore.IsZero() {
			w.and("last_seen < ?", micros(f.SeenBefore))
		}
		if last != nil {
			w.and("id > ?", last.ID)
		}
		return r.tickets("Tickets", selectTicket+w.String()+" ORDER BY id LIMIT ?", append(w.args, size)...)
	})
}

func (r *records) groupTickets(groups []uuid.UUID, last *store.Ticket, size int) ([]store.Ticket, error) {
	var w where
	anyOf, list := r.anyID("group_id", groups)
	w.and(anyOf, list)
	if last != nil {
		w.and("ticket_id > ?", last.ID)
	}
	page := "SELECT DISTINCT ticket_id FROM rbac_ticket_groups" + w.String() + " ORDER BY ticket_id LIMIT ?"
	return r.tickets("Tickets", selectTicket+" WHERE id IN ("+page+") ORDER BY id", append(w.args, size)...)
}

func (r *records) AddTicket(t store.Ticket) error {
	err := r.add("AddTicket", `INSERT INTO rbac_tickets
		(id, user_id, hash, label, api_key, narrowed, created, last_seen, expires, idle, addr, user_agent)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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

// tickets reads tickets and, with a second query, the groups of all tickets.
func (r *records) tickets(call, query string, args ...any) ([]store.Ticket, error) {
	list, err := all(r, call, scanTicket, query, args...)
	if err != nil {
		return nil, err
	}
	places := map[uuid.UUID]int{}
	var narrowed []uuid.UUID
	for i, t := range list {
		if t.Narrowed {
			list[i].Groups = []uuid.UUID{}
			places[t.ID] = i
			narrowed = append(narrowed, t.ID)
		}
	}
	if len(narrowed) == 0 {
		return list, nil
	}
	anyOf, arg := r.anyID("ticket_id", narrowed)
	pairs, err := all(r, call, scanTicketGroup, "SELECT ticket_id, group_id FROM rbac_ticket_groups WHERE "+anyOf+" ORDER BY ticket_id, group_id", arg)
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		t := &list[places[p.ticket]]
		t.Groups = append(t.Groups, p.group)
	}
	return list, nil
}

func scanTicket(row Row) (store.Ticket, error) {
	var t store.Ticket
	return t, row.Scan(ticketFields(&t)...)
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
