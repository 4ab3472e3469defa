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

// session is a transaction on a connection, which returns to the pool when the
// transaction ends.
type session struct {
	*sql.Tx
	e       *engine
	conn    *sql.Conn
	changed []setting // settings to restore
}

func (e *engine) Begin(ctx context.Context, write bool) (sqlstore.Session, error) {
	if write {
		return e.beginOn(ctx, e.writer, true)
	}
	return e.beginOn(ctx, e.readers, false)
}

// BeginReserved uses the connection reserved for the head if the store has
// opened the database itself.
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
	// Reading a pragma can load the schema, and can wait for a commit like any
	// reader.
	if err := e.patiently(ctx, func() error { return s.set(ctx, e.settings(write)...) }); err != nil {
		return err
	}
	if err := e.patiently(ctx, try); err != nil {
		return err
	}
	after := []setting{busyTimeout(e.busy)} // for statements of the host
	if !write {
		// query_only is set after the beginning, since the driver of a host may
		// begin with a lock for writing.
		after = append(after, setting{"query_only", 1})
	}
	if err := s.set(ctx, after...); err != nil {
		_ = s.Tx.Rollback()
		return err
	}
	return nil
}

// begin starts a transaction that database/sql does not end when the context
// ends. The caller of begin ends the transaction.
func begin(ctx context.Context, conn *sql.Conn, owned, write bool) (*sql.Tx, error) {
	ctx = context.WithoutCancel(ctx)
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil || owned {
		return tx, err
	}
	// The driver of the host chose how to begin, and a deferred writer fails if
	// a read comes before the first write. The transaction therefore begins
	// again, in the right mode. Without WAL, the first read of a reader waits
	// for a commit; the SELECT makes the reader wait here.
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

// Commit waits for the outcome, which is decided on this machine.
func (s *session) Commit(ctx context.Context) error {
	err := s.commit(ctx)
	if err != nil {
		s.abandon()
	}
	s.release()
	return err
}

// commit commits the transaction. Without WAL, commit waits until all readers
// have finished, as long as the context and the busy timeout allow. If readers
// are in the way of a commit, the transaction stays as it was.
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
		err = s.Tx.Commit() // ends the statements of the host first
	} else {
		_ = s.Tx.Rollback() // for database/sql: after COMMIT there is nothing to undo
	}
	// release restores settings under the full busy timeout.
	_ = busyTimeout(s.e.busy).apply(context.WithoutCancel(ctx), s.conn)
	return err
}

func (s *session) Rollback(context.Context) {
	if err := s.Tx.Rollback(); err != nil {
		s.abandon()
	}
	s.release()
}

// abandon makes sure that no transaction stays open on the connection. After an
// error, drivers differ in the state that they leave behind.
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

// Alive tries to begin a transaction, the only check that works with every
// driver: within a transaction, no transaction can begin.
func (s *session) Alive(ctx context.Context) error {
	_, err := s.ExecContext(ctx, "BEGIN")
	if err == nil {
		return errors.New("a statement of the host ended the transaction")
	}
	if !strings.Contains(err.Error(), "within a transaction") {
		return err
	}
	return nil
}

// release restores the settings of the connection. A connection that cannot be
// restored is discarded.
func (s *session) release() {
	for _, c := range slices.Backward(s.changed) {
		if err := c.apply(context.Background(), s.conn); err != nil {
			_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
			break
		}
	}
	_ = s.conn.Close()
}

// setting is a pragma with a numeric value.
type setting struct {
	pragma string
	value  int
}

// settings returns the settings that a connection of the host needs before a
// transaction.
func (e *engine) settings(write bool) []setting {
	wait := busyTimeout(Spell(e.busy))
	if !write {
		return []setting{wait}
	}
	return []setting{wait, {"foreign_keys", 1}, {"query_only", 0}, {"synchronous", synchronousFull}}
}

const synchronousFull = 2

func busyTimeout(d time.Duration) setting { return setting{"busy_timeout", int(d.Milliseconds())} }

// set changes the pragmas that differ from settings, and records the previous
// values.
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

// on returns the object that runs statements on the connection now.
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
