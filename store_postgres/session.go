package postgresstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// beginUpdate uses READ COMMITTED. An Update that has locked the head, or a
// user, reads all earlier commits, and no Update is aborted because another
// Update was faster.
const beginUpdate = "begin isolation level read committed read write"

var beginView = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// session is a transaction on a connection of the pool.
type session struct {
	e      *engine
	conn   *pgxpool.Conn
	tx     pgx.Tx
	policy bool
}

// Begin retries with other connections while the pool returns connections that
// the server has closed, as after a restart.
func (e *engine) Begin(ctx context.Context, write bool) (sqlstore.Session, error) {
	if err := e.refused(*e.guarantee.Load()); err != nil {
		return nil, err
	}
	opts := beginView
	if write {
		opts = e.update
	}
	for left := e.pool.Stat().MaxConns(); ; left-- {
		conn, err := e.pool.Acquire(ctx)
		if err != nil {
			return nil, e.explain(ctx, err)
		}
		tx, err := begin(ctx, conn, opts)
		if err == nil {
			return &session{e: e, conn: conn, tx: tx}, nil
		}
		dead := conn.Conn().IsClosed()
		conn.Release()
		if !dead || ctx.Err() != nil || left == 0 {
			return nil, err
		}
	}
}

// beginOne begins a transaction without statements other than its query.
func (e *engine) beginOne(ctx context.Context) (sqlstore.Session, error) {
	one, err := beginOne(ctx, e.pool)
	if err != nil {
		return nil, e.explain(ctx, err)
	}
	return one, nil
}

// explain adds the cause that the error of an ended context lacks.
func (e *engine) explain(ctx context.Context, err error) error {
	if s := e.pool.Stat(); ctx.Err() != nil && s.AcquiredConns() >= s.MaxConns() {
		return fmt.Errorf("all %d connections of the pool are in use: %w", s.MaxConns(), err)
	}
	return err
}

func (s *session) Exec(ctx context.Context, query string, args ...any) (int, error) {
	tag, err := s.tx.Exec(ctx, query, args...)
	return int(tag.RowsAffected()), err
}

func (s *session) Query(ctx context.Context, each func(sqlstore.Row) error, query string, args ...any) error {
	rows, err := s.tx.Query(ctx, query, args...)
	return readAll(rows, err, each)
}

func readAll(rows pgx.Rows, err error, each func(sqlstore.Row) error) error {
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

// Alive reads the transaction state, which the server reports after every
// statement.
func (s *session) Alive(context.Context) error {
	switch s.conn.Conn().PgConn().TxStatus() {
	case 'T':
		return nil
	case 'E':
		return errors.New("a statement of the host's failed")
	}
	return errors.New("a statement of the host ended the transaction")
}

// PolicyChanged makes Commit notify other processes.
func (s *session) PolicyChanged() { s.policy = true }

// commitGrace is how long a commit may still take after its context has ended:
// a late answer is better than none.
const commitGrace = 5 * time.Second

// Commit never interrupts the server. A commit that takes too long is abandoned
// together with its connection.
func (s *session) Commit(ctx context.Context) error {
	done, w := make(chan error, 1), wireOf(s.conn.Conn().PgConn())
	go s.commit(context.WithoutCancel(ctx), done)
	select {
	case err := <-done:
		return outcome(err)
	case <-ctx.Done():
	}
	grace := time.NewTimer(s.e.grace)
	defer grace.Stop()
	select {
	case err := <-done:
		return outcome(err)
	case <-grace.C:
		if w != nil {
			w.alone.Store(true)
		}
		return fmt.Errorf("%w: the server did not answer in time: %w", ErrCommitUnknown, ctx.Err())
	}
}

// errLost: nothing can be committed.
var errLost = errors.New("the connection was lost before")

func (s *session) commit(ctx context.Context, done chan<- error) {
	if s.conn.Conn().IsClosed() {
		s.conn.Release()
		done <- errLost
		return
	}
	err := s.e.uncancelled(s.conn.Conn().PgConn(), func() error { return s.tx.Commit(ctx) })
	if err == nil && s.policy {
		done <- nil
		s.e.tell(ctx, s.conn.Conn())
		s.conn.Release()
		return
	}
	s.conn.Release()
	done <- err
}

// outcome separates the errors after which nothing was committed from the
// errors after which the outcome is unknown. The driver's report that nothing
// was sent does not count: after a broken connection, the report refers to the
// driver's next attempt.
func outcome(err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, pgx.ErrTxCommitRollback), errors.Is(err, errLost):
		return err
	case errors.As(err, &pg) && (severity(pg) == "ERROR" && pg.Code != statementUnknown || pg.Code == idleTooLong):
		return err
	}
	return fmt.Errorf("%w: %w", ErrCommitUnknown, err)
}

const (
	statementUnknown = "40003" // statement_completion_unknown
	// idle_in_transaction_session_timeout: the connection ended before the
	// commit arrived
	idleTooLong = "25P03"
)

// severity returns the severity of an error in English. The other field is in
// the language of the server.
func severity(pg *pgconn.PgError) string { return cmp.Or(pg.SeverityUnlocalized, pg.Severity) }

// rollbackWait is how long a rollback in the background may take before the
// connection is closed.
const rollbackWait = 5 * time.Second

func (s *session) Rollback(ctx context.Context) {
	if ctx.Err() == nil {
		s.rollback(ctx)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackWait)
	go func() {
		defer cancel()
		s.rollback(ctx)
	}()
}

func (s *session) rollback(ctx context.Context) {
	_ = s.tx.Rollback(ctx) // a failed rollback closes the connection
	s.conn.Release()
}
