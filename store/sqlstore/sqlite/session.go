package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rbac-go/rbac/store/sqlstore"
)

// session is a transaction on a connection that it gives back at its end.
type session struct {
	*sql.Tx
	conn    *sql.Conn
	changed []setting // what to put back
}

func (e *engine) Begin(ctx context.Context, write bool) (sqlstore.Session, error) {
	if write {
		return e.beginOn(ctx, e.writer, true)
	}
	return e.beginOn(ctx, e.readers, false)
}

// BeginReserved is on the connection kept for it, where the store has opened the database itself.
func (e *engine) BeginReserved(ctx context.Context) (sqlstore.Session, error) {
	if e.reserved == nil {
		return e.Begin(ctx, false)
	}
	return e.beginOn(ctx, e.reserved, false)
}

func (e *engine) beginOn(ctx context.Context, db *sql.DB, write bool) (sqlstore.Session, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn}
	if err := s.begin(ctx, e, write); err != nil {
		s.release()
		return nil, err
	}
	if err := e.file.Same(); err != nil {
		s.Rollback(ctx)
		return nil, err
	}
	return s, nil
}

func (s *session) begin(ctx context.Context, e *engine, write bool) error {
	try := func() (err error) {
		s.Tx, err = begin(ctx, s.conn, e.owned, write)
		return err
	}
	if e.owned {
		return e.patiently(ctx, try)
	}
	if err := s.set(ctx, e.settings(write)...); err != nil {
		return err
	}
	if err := e.patiently(ctx, try); err != nil {
		return err
	}
	after := setting{"query_only", 1} // not before: a host's driver may begin with a lock for writing
	if write {
		after = setting{"busy_timeout", int(e.busy.Milliseconds())} // without WAL the commit waits for readers
	}
	if err := s.set(ctx, after); err != nil {
		_ = s.Tx.Rollback()
		return err
	}
	return nil
}

// begin starts a transaction that database/sql does not end by itself when the
// context does: whoever began it does that.
func begin(ctx context.Context, conn *sql.Conn, owned, write bool) (*sql.Tx, error) {
	ctx = context.WithoutCancel(ctx)
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil || owned {
		return tx, err
	}
	// The host's driver began in its own way, and a deferred writer fails
	// when it reads before it writes. So begin again, in the right one.
	again := "BEGIN DEFERRED"
	if write {
		again = "BEGIN IMMEDIATE"
	}
	for _, query := range []string{"ROLLBACK", again} {
		if _, err := tx.ExecContext(ctx, query); err != nil {
			_ = tx.Rollback()
			return nil, err
		}
	}
	return tx, nil
}

// Commit waits for the outcome, which is that of this machine.
func (s *session) Commit(context.Context) error {
	err := s.Tx.Commit()
	if err != nil {
		s.abandon()
	}
	s.release()
	return err
}

func (s *session) Rollback(context.Context) {
	if err := s.Tx.Rollback(); err != nil {
		s.abandon()
	}
	s.release()
}

// abandon makes sure that no transaction stays open on the connection: drivers
// differ in what they leave behind after an error.
func (s *session) abandon() {
	_, _ = s.conn.ExecContext(context.Background(), "ROLLBACK")
}

func (s *session) Exec(ctx context.Context, query string, args ...any) (int, error) {
	res, err := s.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

func (s *session) Query(ctx context.Context, each func(sqlstore.Row) error, query string, args ...any) error {
	rows, err := s.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Alive asks in the one way that all drivers have: within a transaction, none can be begun.
func (s *session) Alive(ctx context.Context) error {
	_, err := s.ExecContext(ctx, "BEGIN")
	if err == nil {
		return errors.New("a statement of the host's ended the transaction")
	}
	if !strings.Contains(err.Error(), "within a transaction") {
		return err
	}
	return nil
}

// release puts the connection back as it was. One that cannot be is thrown away.
func (s *session) release() {
	for _, c := range slices.Backward(s.changed) {
		if err := c.apply(context.Background(), s.conn); err != nil {
			_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
			break
		}
	}
	_ = s.conn.Close()
}

// setting is a pragma whose value is a number.
type setting struct {
	pragma string
	value  int
}

// settings are what a connection of the host's needs before a transaction.
func (e *engine) settings(write bool) []setting {
	if !write {
		return []setting{{"busy_timeout", int(e.busy.Milliseconds())}}
	}
	return []setting{
		{"foreign_keys", 1},
		{"query_only", 0},
		{"synchronous", synchronousFull},
		{"busy_timeout", int(Spell(e.busy).Milliseconds())},
	}
}

const synchronousFull = 2

// set changes what is not as it should be, and remembers how it was.
func (s *session) set(ctx context.Context, settings ...setting) error {
	for _, want := range settings {
		have := setting{pragma: want.pragma}
		if err := s.on().QueryRowContext(ctx, "PRAGMA "+want.pragma).Scan(&have.value); err != nil {
			return fmt.Errorf("PRAGMA %s: %w", want.pragma, err)
		}
		if have.value == want.value || want.pragma == "synchronous" && have.value > want.value {
			continue
		}
		s.changed = append(s.changed, have)
		if err := want.apply(ctx, s.on()); err != nil {
			return err
		}
	}
	return nil
}

// on is what runs statements on the connection now.
func (s *session) on() DBTX {
	if s.Tx != nil {
		return s.Tx
	}
	return s.conn
}

func (c setting) apply(ctx context.Context, db DBTX) error {
	if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA %s = %d", c.pragma, c.value)); err != nil {
		return fmt.Errorf("PRAGMA %s: %w", c.pragma, err)
	}
	return nil
}
