package postgresstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// connect makes a connection beside the pool, in the way of the pool.
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
	config.ConnConfig.OnNotification = nil // the host's would take what WaitForNotification waits for
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

// connectWait is how long all servers of a DSN together may take to answer at the first attempt; then twice as long each time, and
// after slowest attempts from the beginning.
const (
	connectWait = 900 * time.Millisecond
	slowest     = 6
)

// shareWait leaves time for the other servers of a DSN when the first is silent, as one is that was cut off: who asks for the head does
// not wait for long, and would not come to them in any number of attempts.
func shareWait(c *pgconn.Config, failed uint32) {
	type server struct {
		host string
		port uint16
	}
	servers := map[server]bool{{c.Host, c.Port}: true}
	for _, f := range c.Fallbacks { // the same one with and without TLS, too
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

// reserve waits for the connection that is kept for the head, and makes it where there is none or the last one broke. It is to be
// sent back.
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
			if conn == nil { // after a panic of the host's AfterConnect, too, which a server for HTTP survives
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

// reading is a transaction that only reads. One of a single query needs no more than that.
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
