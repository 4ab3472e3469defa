package postgresstore

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// replica is a standby that lags behind the primary.
type replica struct {
	pool   *pgxpool.Pool
	wait   time.Duration // replicaWait
	failed atomic.Int64  // time of the last failure, in nanoseconds
}

const (
	replicaWait  = 100 * time.Millisecond // timeout of an answer
	replicaPause = time.Second            // pause after a missing answer
)

// Find finds a ticket or a user in one query. The result of the replica counts
// only if its head is the head of the caller. A missing record does not count,
// because a login does not change the head.
func (s *Store) Find(ctx context.Context, what store.Sought, at store.Head) (*store.Found, error) {
	if r := s.engine.replica; r != nil {
		if f := r.find(ctx, s, what); f != nil && f.Head == at {
			return f, nil
		}
	}
	return sqlstore.FindOn(ctx, s.Store, s.engine.beginOne, what)
}

func (r *replica) find(ctx context.Context, s *Store, what store.Sought) *store.Found {
	if time.Now().UnixNano()-r.failed.Load() < int64(replicaPause) {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, r.wait)
	defer cancel()
	f, err := sqlstore.FindOn(within, s.Store, r.begin, what)
	if err != nil {
		if ctx.Err() == nil { // otherwise, the caller has given up
			r.failed.Store(time.Now().UnixNano())
		}
		return nil
	}
	return f
}

func (r *replica) begin(ctx context.Context) (sqlstore.Session, error) { return beginOne(ctx, r.pool) }

// beginOne begins a transaction of one query.
func beginOne(ctx context.Context, pool *pgxpool.Pool) (sqlstore.Session, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	if err := readable(conn.Conn()); err != nil {
		hangUp(conn.Conn())
		conn.Release()
		return nil, err
	}
	return &reading{conn, func(context.Context) { conn.Release() }}, nil
}
