package postgresstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// connect makes a connection outside the pool, with the configuration of the
// pool.
func (e *engine) connect(ctx context.Context) (*pgx.Conn, error) {
	config := e.pool.Config()
	if !e.prepared {
		Prepare(config)
	}
	if config.BeforeConnect != nil {
		if err := config.BeforeConnect(ctx, config.ConnConfig); err != nil {
			return nil, err
		}
	}
	shareWait(&config.ConnConfig.Config, e.failed.Load())
	// the host's handler would take the notifications from WaitForNotification
	config.ConnConfig.OnNotification = nil
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		e.failed.Add(1)
		return nil, err
	}
	e.failed.Store(0)
	if config.AfterConnect != nil {
		err = config.AfterConnect(ctx, conn)
	}
	if err == nil {
		err = fit(conn)
	}
	if err != nil {
		hangUp(conn)
		return nil, err
	}
	return conn, nil
}

// connectWait is how long all servers of a DSN together may take to answer at
// the first attempt. The time is doubled for each further attempt, and reset
// after slowest attempts.
const (
	connectWait = 900 * time.Millisecond
	slowest     = 6
)

// shareWait leaves time for the other servers of a DSN if the first server is
// silent, as after a partition. A reader of the head does not wait for long,
// and would otherwise never reach the other servers.
func shareWait(c *pgconn.Config, failed uint32) {
	type server struct {
		host string
		port uint16
	}
	servers := map[server]bool{{c.Host, c.Port}: true}
	for _, f := range c.Fallbacks { // Fallbacks also repeat a server, with and without TLS
		servers[server{f.Host, f.Port}] = true
	}
	share := connectWait / time.Duration(len(servers)) << (failed % slowest)
	if len(servers) > 1 && (c.ConnectTimeout == 0 || c.ConnectTimeout > share) {
		c.ConnectTimeout = share
	}
}

// hangUp closes a connection without waiting long for the server.
func hangUp(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// reserve waits for the connection that is reserved for the head, and makes a
// new connection if there is none or the last is broken. The caller must send
// the connection back.
func (e *engine) reserve(ctx context.Context) (conn *pgx.Conn, err error) {
	select {
	case conn = <-e.reserved:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-e.ctx.Done():
		return nil, errors.New("the store is closed")
	}
	if conn == nil || conn.IsClosed() {
		conn = nil
		defer func() {
			// also after a panic of the host's AfterConnect, which an HTTP
			// server survives
			if conn == nil {
				e.reserved <- nil
			}
		}()
		conn, err = e.connect(ctx)
	}
	return conn, err
}

func (e *engine) BeginReserved(ctx context.Context) (sqlstore.Session, error) {
	conn, err := e.reserve(ctx)
	if err != nil {
		return nil, err
	}
	return &reading{conn, func(context.Context) { e.reserved <- conn }}, nil
}

// reading is a transaction that only reads. A single query needs nothing more.
type reading struct {
	on interface {
		Query(context.Context, string, ...any) (pgx.Rows, error)
	}
	end func(context.Context)
}

func (r *reading) Exec(context.Context, string, ...any) (int, error) {
	return 0, errors.New("this transaction only reads")
}

func (r *reading) Query(ctx context.Context, each func(sqlstore.Row) error, query string, args ...any) error {
	rows, err := r.on.Query(ctx, query, args...)
	return readAll(rows, err, each)
}

func (r *reading) Alive(context.Context) error { return nil }

func (r *reading) Commit(ctx context.Context) error {
	r.end(ctx)
	return nil
}

func (r *reading) Rollback(ctx context.Context) { r.end(ctx) }
