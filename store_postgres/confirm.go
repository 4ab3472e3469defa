package postgresstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// ConfirmedView is a View on the connection that is reserved for reading the
// head, after the server has proved that its changes still count. With
// synchronous replication the proof is a write that its standby acknowledges: a
// promoted standby acknowledges nothing to its old primary. See
// docs/consistency.md for the assumptions.
func (s *Store) ConfirmedView(ctx context.Context, f func(store.Records) error) error {
	return sqlstore.ViewOn(ctx, s.Store, s.engine.beginConfirmed, f)
}

// Guarantee returns a bounded Guarantee if the server replicates synchronously.
// Otherwise, the Reason explains why the Guarantee is not bounded.
func (s *Store) Guarantee() store.Guarantee { return *s.engine.guarantee.Load() }

func (e *engine) beginConfirmed(ctx context.Context) (sqlstore.Session, error) {
	conn, err := e.reserve(ctx)
	if err != nil {
		return nil, err
	}
	var tx pgx.Tx
	if err = e.confirm(ctx, conn); err == nil {
		tx, err = conn.BeginTx(ctx, beginView)
	}
	if err != nil {
		e.reserved <- conn
		return nil, err
	}
	return &reading{tx, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackWait)
		defer cancel()
		_ = tx.Rollback(ctx) // a failed rollback closes the connection
		e.reserved <- conn
	}}, nil
}

// serverStatus is the status that a server reports.
type serverStatus struct {
	standby  bool   // the server is a standby
	started  string // start time: no two servers, and no server twice, at the same microsecond
	waitsFor string // synchronous_standby_names
	loaded   string // when the server read its settings
	fresh    bool   // the settings were read just now, and may not yet apply to commits
}

const askStatus = `SELECT pg_is_in_recovery(), pg_postmaster_start_time()::text, current_setting('synchronous_standby_names'), pg_conf_load_time()::text,
	clock_timestamp() < (pg_conf_load_time() + interval '2 seconds')`

// ask queries the status, if the server is PostgreSQL.
func (e *engine) ask(ctx context.Context, conn *pgx.Conn) (s serverStatus, err error) {
	if !e.postgres {
		return serverStatus{}, nil
	}
	err = conn.QueryRow(ctx, e.Spell(askStatus)).Scan(&s.standby, &s.started, &s.waitsFor, &s.loaded, &s.fresh)
	return s, err
}

// confirm makes the server prove that its changes count, and stores the
// guarantee that follows.
func (e *engine) confirm(ctx context.Context, conn *pgx.Conn) error {
	s, err := e.ask(ctx, conn)
	if err != nil {
		return err
	}
	if s.standby {
		return errors.New("the server is a standby: its data may be out of date, and it accepts no changes")
	}
	if e.started != "" && e.started != s.started {
		e.leave()
	}
	e.started = s.started
	if s.waitsFor != "" {
		if err := e.acknowledged(ctx, conn); err != nil {
			return err
		}
		// If the server meanwhile reads settings without a standby, the waiting
		// commits are released, even if the settings are restored at once.
		before := s
		if s, err = e.ask(ctx, conn); err != nil {
			return err
		}
		if s.waitsFor != "" && s.loaded != before.loaded {
			return errors.New("the server reloaded its settings during the confirmation")
		}
		if s.fresh {
			// other settings were read, and the present settings were in force
			// before
			s.fresh = s.started != e.inForce.started || s.waitsFor != e.inForce.waitsFor
		} else {
			e.inForce = s
		}
	}
	return e.promise(s)
}

// leave gives up connections that may lead to the previous server. Connections
// of the pool are closed as soon as they are idle. Abandoned commits are closed
// at once. Other commits get leaveWait for an answer, since a commit may well
// run on the new server.
func (e *engine) leave() {
	e.pool.Reset()
	e.hangUpCommits(func(w *wire, _ time.Time) bool { return w.alone.Load() })
	left := time.Now()
	time.AfterFunc(leaveWait, func() {
		e.hangUpCommits(func(_ *wire, began time.Time) bool { return began.Before(left) })
	})
}

// leaveWait is how long a commit may still take on a server that may be the
// previous server.
const leaveWait = 5 * time.Second

// hangUpCommits closes the connections of the selected commits. The outcome of
// these commits is then unknown.
func (e *engine) hangUpCommits(which func(w *wire, began time.Time) bool) {
	e.commits.Range(func(w, began any) bool {
		if w := w.(*wire); which(w, began.(time.Time)) {
			_ = w.Close()
		}
		return true
	})
}

// promise stores the guarantee of the server for Guarantee.
func (e *engine) promise(s serverStatus) error {
	g := e.worth(s)
	e.guarantee.Store(&g)
	return e.refused(g)
}

// refused returns the reason why a server with this guarantee is neither read
// nor changed, or nil.
func (e *engine) refused(g store.Guarantee) error {
	if e.bounded && !g.Bounded {
		return fmt.Errorf("refused because of Options.Bounded: %s", g.Reason)
	}
	return nil
}

func (e *engine) worth(s serverStatus) store.Guarantee {
	switch {
	case !e.postgres:
		return store.Guarantee{Reason: "not tested on this engine"}
	case s.waitsFor == "":
		return store.Guarantee{Reason: "synchronous_standby_names is empty: a standby that takes over can lack changes that were confirmed"}
	case !e.prepared:
		return store.Guarantee{Reason: "the pool was made without postgresstore.Prepare: a commit that is not on the standby can look as if it were"}
	case s.fresh:
		return store.Guarantee{Reason: "synchronous_standby_names was set just now: the server may not wait for a standby yet"}
	}
	return store.Guarantee{Bounded: true, Reason: "every confirmed change is on a standby: synchronous_standby_names is " + s.waitsFor}
}

// acknowledged writes the row of this process, and waits until a standby
// acknowledges the write or the context ends. When the context ends,
// acknowledged closes the connection without a message to the server, which may
// be gone.
func (e *engine) acknowledged(ctx context.Context, conn *pgx.Conn) error {
	done := make(chan error, 1)
	go func() { done <- e.write(context.WithoutCancel(ctx), conn) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		_ = conn.PgConn().Conn().Close()
		<-done
		// If the write ended at the same moment, the driver takes the connection
		// for an open one.
		hangUp(conn)
		return fmt.Errorf("no standby has acknowledged a write: %w", context.Cause(ctx))
	}
}

// lockWait is how long a process waits for its own row. A longer lock belongs
// to an earlier write of this process that was given up and still waits for a
// standby. Further writes must not pile up behind the lock.
const lockWait = 100 * time.Millisecond

// processGone is the age at which the row of a process is deleted.
const processGone = 24 * time.Hour

func (e *engine) write(ctx context.Context, conn *pgx.Conn) error {
	const now = "(extract(epoch from clock_timestamp()) * 1000000)::int8"
	script := []string{
		beginUpdate,
		"SET LOCAL synchronous_commit TO on",
		toldOfWarnings,
		fmt.Sprintf("SET LOCAL lock_timeout TO '%dms'", lockWait.Milliseconds()),
		e.Spell(fmt.Sprintf("INSERT INTO rbac_processes (id, seen) VALUES ('%s', %s) ON CONFLICT (id) DO UPDATE SET seen = excluded.seen", e.process, now)),
	}
	if !e.swept {
		script = append(script, e.Spell(fmt.Sprintf("DELETE FROM rbac_processes WHERE seen < (%s - %d)", now, processGone.Microseconds())))
	}
	script = append(script, "COMMIT")
	err := e.uncancelled(conn.PgConn(), func() error {
		_, err := conn.PgConn().Exec(ctx, strings.Join(script, ";\n")).ReadAll()
		return err
	})
	if err != nil && !conn.IsClosed() {
		_, _ = conn.PgConn().Exec(ctx, "ROLLBACK").ReadAll()
	}
	e.swept = e.swept || err == nil
	return err
}
