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

// ConfirmedView is a View on the connection that is kept for reading the head, after the server has shown that it still counts. With
// synchronous replication it shows that by a write that its standby acknowledges: a standby that has been promoted acknowledges
// nothing to the server it came from. See docs/consistency.md for what this relies on.
func (s *Store) ConfirmedView(ctx context.Context, f func(store.Records) error) error {
	return sqlstore.ViewOn(ctx, s.Store, s.engine.beginConfirmed, f)
}

// Guarantee is bounded if the server replicates synchronously, and says why it is not otherwise.
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
		_ = tx.Rollback(ctx) // a connection that cannot is closed
		e.reserved <- conn
	}}, nil
}

// serverStatus is what a server says about itself.
type serverStatus struct {
	standby  bool   // it follows another one
	started  string // when; no two servers, and no server twice, at the same microsecond
	waitsFor string // synchronous_standby_names
	loaded   string // when its settings were read
	fresh    bool   // its settings were read just now, and may be not yet what commits go by
}

const askStatus = `SELECT pg_is_in_recovery(), pg_postmaster_start_time()::text, current_setting('synchronous_standby_names'), pg_conf_load_time()::text,
	clock_timestamp() < (pg_conf_load_time() + interval '2 seconds')`

// ask asks only what PostgreSQL knows.
func (e *engine) ask(ctx context.Context, conn *pgx.Conn) (s serverStatus, err error) {
	if !e.postgres {
		return serverStatus{}, nil
	}
	err = conn.QueryRow(ctx, e.Spell(askStatus)).Scan(&s.standby, &s.started, &s.waitsFor, &s.loaded, &s.fresh)
	return s, err
}

// confirm has the server show that it counts, and finds out what that is worth.
func (e *engine) confirm(ctx context.Context, conn *pgx.Conn) error {
	s, err := e.ask(ctx, conn)
	if err != nil {
		return err
	}
	if s.standby {
		return errors.New("the server is a standby: it tells what was, and takes no changes")
	}
	if e.started != "" && e.started != s.started {
		e.leave()
	}
	e.started = s.started
	if s.waitsFor != "" {
		if err := e.acknowledged(ctx, conn); err != nil {
			return err
		}
		// A server that is told meanwhile not to wait any more lets those go who wait; also if it is told the contrary at once.
		before := s
		if s, err = e.ask(ctx, conn); err != nil {
			return err
		}
		if s.waitsFor != "" && s.loaded != before.loaded {
			return errors.New("the server has read its settings anew while it confirmed")
		}
		if s.fresh {
			s.fresh = s.started != e.inForce.started || s.waitsFor != e.inForce.waitsFor // others were read, and these were in force before
		} else {
			e.inForce = s
		}
	}
	return e.promise(s)
}

// leave gives up what may lead to the server before: the connections of the pool, when they are not in use any more, and those with a
// commit, at once if nobody waits for that any more, and otherwise if it is not answered in time. It may as well be one on the new server.
func (e *engine) leave() {
	e.pool.Reset()
	e.hangUpCommits(func(w *wire, _ time.Time) bool { return w.alone.Load() })
	left := time.Now()
	time.AfterFunc(leaveWait, func() {
		e.hangUpCommits(func(_ *wire, began time.Time) bool { return began.Before(left) })
	})
}

// leaveWait is how long a commit may still take on a server that may have been left.
const leaveWait = 5 * time.Second

// hangUpCommits closes the connections with certain commits, of which it is then not known what became of them.
func (e *engine) hangUpCommits(which func(w *wire, began time.Time) bool) {
	e.commits.Range(func(w, began any) bool {
		if w := w.(*wire); which(w, began.(time.Time)) {
			_ = w.Close()
		}
		return true
	})
}

// promise keeps for Guarantee what the server is worth.
func (e *engine) promise(s serverStatus) error {
	g := e.worth(s)
	e.guarantee.Store(&g)
	return e.refused(g)
}

// refused is why nothing is asked of a server, or changed there, that is worth no more than that.
func (e *engine) refused(g store.Guarantee) error {
	if e.bounded && !g.Bounded {
		return fmt.Errorf("refused, as Options.Bounded says: %s", g.Reason)
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
		return store.Guarantee{Reason: "synchronous_standby_names was set just now: the server may not yet wait as it says"}
	}
	return store.Guarantee{Bounded: true, Reason: "what is confirmed is on a standby: synchronous_standby_names is " + s.waitsFor}
}

// acknowledged writes the row of this process, and waits for the standby. It waits as long as the context lasts and then gives the
// connection up, without a word to the server: there may be nobody any more.
func (e *engine) acknowledged(ctx context.Context, conn *pgx.Conn) error {
	done := make(chan error, 1)
	go func() { done <- e.write(context.WithoutCancel(ctx), conn) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		_ = conn.PgConn().Conn().Close()
		<-done
		return fmt.Errorf("no standby has acknowledged a write: %w", context.Cause(ctx))
	}
}

// lockWait is how long a process waits for its own row. One that is locked for longer belongs to a write of its own
// that it gave up, and that still waits for a standby; it must not be joined by more and more of them.
const lockWait = 100 * time.Millisecond

// processGone is after what time a row of a process is deleted.
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
