package postgresstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
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
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil || config.AfterConnect == nil {
		return conn, err
	}
	if err := config.AfterConnect(ctx, conn); err != nil {
		hangUp(conn)
		return nil, err
	}
	return conn, nil
}

// hangUp closes a connection without waiting long for the server.
func hangUp(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// reserved is a reading transaction on the connection that is kept for it.
type reserved struct {
	e    *engine
	conn *pgx.Conn
	tx   pgx.Tx // nil for one query, which needs no more than itself
}

func (e *engine) BeginReserved(ctx context.Context) (sqlstore.Session, error) {
	r, err := e.reserve(ctx)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// reserve waits for the connection, and makes it where there is none or the last one broke.
func (e *engine) reserve(ctx context.Context) (*reserved, error) {
	var conn *pgx.Conn
	select {
	case conn = <-e.reserved:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-e.ctx.Done():
		return nil, errors.New("the store is closed")
	}
	if conn == nil || conn.IsClosed() {
		var err error
		if conn, err = e.connect(ctx); err != nil {
			e.reserved <- nil
			return nil, err
		}
	}
	return &reserved{e: e, conn: conn}, nil
}

func (r *reserved) Exec(context.Context, string, ...any) (int, error) {
	return 0, errors.New("this connection only reads")
}

func (r *reserved) Query(ctx context.Context, each func(sqlstore.Row) error, query string, args ...any) error {
	ask := r.conn.Query
	if r.tx != nil {
		ask = r.tx.Query
	}
	rows, err := ask(ctx, query, args...)
	return readAll(rows, err, each)
}

func (r *reserved) Alive(context.Context) error { return nil }

func (r *reserved) Commit(ctx context.Context) error {
	r.Rollback(ctx)
	return nil
}

// Rollback of what was only read takes no time, or the connection is of no use any more.
func (r *reserved) Rollback(ctx context.Context) {
	if r.tx != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = r.tx.Rollback(ctx)
	}
	r.e.reserved <- r.conn
}
