package sqlstore

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// FindOn implements [store.Finder] on a store: FindOn reads a ticket or a user
// in one query, in a transaction that begin starts. FindOn leaves narrowed
// tickets to a View. FindOn is for engines behind a network. SQLite needs no
// round trip for a query, and takes longer for the query of FindOn than for the
// four queries of a View.
func FindOn(ctx context.Context, s *Store, begin func(context.Context) (Session, error), what store.Sought) (f *store.Found, err error) {
	err = ViewOn(ctx, s, begin, func(r store.Records) error {
		f, err = r.(*records).find(what)
		return err
	})
	return f, err
}

// Every row repeats the user. There is one row for each membership, and one row
// for a user without memberships. Most users have few memberships.
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

// scanFound adds one row to the Found that earlier rows have filled.
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
