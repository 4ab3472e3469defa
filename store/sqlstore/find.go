package sqlstore

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// FindOn finds a ticket or a user in one query, for a store that is a [store.Finder], in a transaction that its dialect begins. It leaves
// narrowed tickets to a View. It is for engines that are far away: SQLite, whose queries cost no way, takes longer for this
// one than for the four of a View.
func FindOn(ctx context.Context, s *Store, begin func(context.Context) (Session, error), what store.Sought) (f *store.Found, err error) {
	err = ViewOn(ctx, s, begin, func(r store.Records) error {
		f, err = r.(*records).find(what)
		return err
	})
	return f, err
}

// The user is in every row, once for each membership or alone: most have few.
const (
	foundUser = `h.revision, h.nonce, u.id, u.name, u.disabled, m.group_id, m.scope, m.until FROM `
	ofUser    = ` JOIN rbac_head h ON h.one = 1 LEFT JOIN rbac_memberships m ON m.user_id = u.id WHERE `
	inOrder   = ` ORDER BY m.group_id, m.scope`

	findUser    = "SELECT " + foundUser + "rbac_users u" + ofUser + "u.name = ?" + inOrder
	findSubject = "SELECT " + foundUser + "rbac_users u" + ofUser + "u.subject = ? AND u.subject <> ''" + inOrder
	findTicket  = "SELECT " + ticketColumns + ", " + foundUser + "rbac_tickets t JOIN rbac_users u ON u.id = t.user_id" + ofUser + "t.hash = ?" + inOrder
)

func (r *records) find(what store.Sought) (*store.Found, error) {
	query, arg := findTicket, any(what.Ticket[:])
	switch {
	case what.User != "":
		query, arg = findUser, what.User
	case what.Subject != "":
		query, arg = findSubject, what.Subject
	case what.Ticket == store.TokenHash{}:
		return nil, errors.New("nothing is sought")
	}
	f := &store.Found{}
	rows, err := all(r, "Find", func(row Row) (struct{}, error) { return struct{}{}, scanFound(row, f, query == findTicket) }, query, arg)
	if err != nil || len(rows) == 0 || f.Ticket.Narrowed {
		return nil, err
	}
	return f, nil
}

// scanFound reads one row into what earlier ones have filled.
func scanFound(row Row, f *store.Found, ticket bool) error {
	var (
		revision, nonce int64
		group           *uuid.UUID
		scope           *string
		until           *int64
		fields          []any
	)
	if ticket {
		fields = ticketFields(&f.Ticket)
	}
	err := row.Scan(append(fields, &revision, &nonce, &f.User.ID, &f.User.Name, &f.User.Disabled, &group, &scope, &until)...)
	f.Head = store.Head{Revision: store.Revision(revision), Nonce: uint64(nonce)}
	if err == nil && group != nil {
		f.Memberships = append(f.Memberships, store.Membership{User: f.User.ID, Group: *group, Scope: *scope, Until: ofMicros(*until)})
	}
	return err
}
