package sqlstore

import (
	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

func (r *records) TicketValues(ticket uuid.UUID) ([]store.TicketValue, error) {
	return all(r, "TicketValues", scanTicketValue, "SELECT ticket_id, name, value FROM rbac_ticket_values WHERE ticket_id = ? ORDER BY name", ticket)
}

// SetTicketValue selects the ticket, and locks it: without one nothing is written. Its transaction
// has locked the user, for whom the one that deletes the ticket may yet ask: so it does not wait.
func (r *records) SetTicketValue(v store.TicketValue) error {
	return r.change("SetTicketValue", `INSERT INTO rbac_ticket_values (ticket_id, name, value)
		SELECT id, ?, ? FROM rbac_tickets WHERE id = ?`+r.locks().Ready+`
		ON CONFLICT (ticket_id, name) DO UPDATE SET value = excluded.value`,
		v.Key, v.Value, v.Ticket)
}

func (r *records) DeleteTicketValue(ticket uuid.UUID, key string) error {
	return r.change("DeleteTicketValue", "DELETE FROM rbac_ticket_values WHERE ticket_id = ? AND name = ?", ticket, key)
}

func scanTicketValue(row Row) (store.TicketValue, error) {
	var v store.TicketValue
	return v, row.Scan(&v.Ticket, &v.Key, &v.Value)
}
