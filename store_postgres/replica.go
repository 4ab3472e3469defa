package postgresstore

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// replica is a server that lags behind the one that counts.
type replica struct {
	pool   *pgxpool.Pool
	wait   time.Duration // replicaWait
	failed atomic.Int64  // when it did not answer last, in nanoseconds
}

const (
	replicaWait  = 100 * time.Millisecond // for an answer
	replicaPause = time.Second            // without asking, after none
)

// Find finds a ticket or a user in one query. The replica's word counts for what it has at the head that the caller
// stands at, and only for that: a login is no change of the head, so what it does not have may be there.
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
		if ctx.Err() == nil { // or it was who asked that has given up
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
