package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rbac-go/rbac/store/sqlstore"
)

// session is a transaction on a connection that it gives back at its end.
type session struct {
	*sql.Tx
	e       *engine
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
	s := &session{e: e, conn: conn}
	if err := s.begin(ctx, write); err != nil {
		s.release()
		return nil, err
	}
	if err := e.file.Same(); err != nil {
		s.Rollback(ctx)
		return nil, err
	}
	return s, nil
}

func (s *session) begin(ctx context.Context, write bool) error {
	e := s.e
	try := func() (err error) {
		s.Tx, err = begin(ctx, s.conn, e.owned, write)
		return err
	}
	if e.owned {
		return e.patiently(ctx, try)
	}
	// Reading a pragma can load the schema, and wait for a commit like any reader.
	if err := e.patiently(ctx, func() error { return s.set(ctx, e.settings(write)...) }); err != nil {
		return err
	}
	if err := e.patiently(ctx, try); err != nil {
		return err
	}
	after := []setting{busyTimeout(e.busy)} // for the host's statements
	if !write {
		after = append(after, setting{"query_only", 1}) // not before: a host's driver may begin with a lock for writing
	}
	if err := s.set(ctx, after...); err != nil {
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
	// when it reads before it writes. So begin again, in the right one. Without WAL a
	// reader waits for a commit when it reads first: it does that here, too.
	again := []string{"ROLLBACK", "BEGIN DEFERRED", "SELECT 1 FROM sqlite_master LIMIT 1"}
	if write {
		again = []string{"ROLLBACK", "BEGIN IMMEDIATE"}
	}
	for _, query := range again {
		if _, err := tx.ExecContext(ctx, query); err != nil {
			_ = tx.Rollback()
			return nil, err
		}
	}
	return tx, nil
}

// Commit waits for the outcome, which is that of this machine.
func (s *session) Commit(ctx context.Context) error {
	err := s.commit(ctx)
	if err != nil {
		s.abandon()
	}
	s.release()
	return err
}

// commit waits, without WAL, until nobody reads any more, as long as the context
// and the busy timeout allow. A commit that readers are in the way of leaves the
// transaction as it was.
func (s *session) commit(ctx context.Context) error {
	if s.e.owned { // with WAL
		return s.Tx.Commit()
	}
	err := s.set(ctx, busyTimeout(Spell(s.e.busy)))
	if err == nil {
		err = s.e.patiently(ctx, func() error {
			_, err := s.Tx.ExecContext(context.WithoutCancel(ctx), "COMMIT")
			return err
		})
	}
	if err != nil && isOpen(err) {
		err = s.Tx.Commit() // which ends the host's statements first
	} else {
		_ = s.Tx.Rollback() // for database/sql: after COMMIT there is nothing to undo
	}
	_ = busyTimeout(s.e.busy).apply(context.WithoutCancel(ctx), s.conn) // for the settings that release puts back
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
	wait := busyTimeout(Spell(e.busy))
	if !write {
		return []setting{wait}
	}
	return []setting{wait, {"foreign_keys", 1}, {"query_only", 0}, {"synchronous", synchronousFull}}
}

const synchronousFull = 2

func busyTimeout(d time.Duration) setting { return setting{"busy_timeout", int(d.Milliseconds())} }

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
