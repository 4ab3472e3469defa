package sqlstore

import (
	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

func (r *records) TicketValues(ticket uuid.UUID) ([]store.TicketValue, error) {
	return all(r, "TicketValues", scanTicketValue, "SELECT ticket_id, name, value FROM rbac_ticket_values WHERE ticket_id = ? ORDER BY name", ticket)
}

// PutTicketValue selects and locks the ticket: without a ticket, nothing is
// written. The lock does not wait. The transaction has locked the user, and a
// transaction that deletes the ticket may yet request the lock of the user.
func (r *records) PutTicketValue(v store.TicketValue) error {
	return r.change("PutTicketValue", `INSERT INTO rbac_ticket_values (ticket_id, name, value)
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
