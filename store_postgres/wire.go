package postgresstore

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Prepare makes the connections of a pool fit for synchronous replication: the server is never asked to cancel a
// commit, and when it gives up waiting for its standby by itself, that is ErrCommitUnknown. Open does it; a host that makes its own
// pool for [New] calls it before pgxpool.NewWithConfig. Without it [Store.Guarantee] is best effort.
func Prepare(config *pgxpool.Config) {
	c := config.ConnConfig
	dial, notice := c.DialFunc, c.OnNotice
	// Below TLS, which the driver must see itself: it binds the password to it (SCRAM-SHA-256-PLUS).
	c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if network == (nowhere{}).Network() {
			return nil, errors.New("a commit is not cancelled")
		}
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &wire{Conn: conn}, nil
	}
	c.OnNotice = func(conn *pgconn.PgConn, n *pgconn.Notice) {
		if w := wireOf(conn); w != nil && n.Code == warning && n.Routine != raised {
			w.warned.Store(true)
		}
		if notice != nil {
			notice(conn, n)
		}
	}
}

const (
	warning = "01000"           // what a server says, among others, when it stops waiting for a standby
	raised  = "exec_stmt_raise" // where a warning of a trigger's comes from
)

// toldOfWarnings makes the server say until the end of a transaction, and in its commit, what a role or a database may have it keep to itself.
const toldOfWarnings = "set local client_min_messages to warning"

// wire is the connection below that of the driver.
//
// A driver that gives up a statement, or whose connection breaks, sends the server a request to cancel it, to the address where
// the connection leads. A commit that is cancelled while it waits for a standby is visible, and not on the
// standby. So during a commit the connection leads nowhere.
type wire struct {
	net.Conn
	committing, warned atomic.Bool
	alone              atomic.Bool // nobody waits any more for the commit
}

// wireOf is nil for a connection of a pool that was not prepared.
func wireOf(conn *pgconn.PgConn) *wire {
	c := conn.Conn()
	if over, ok := c.(*tls.Conn); ok {
		c = over.NetConn()
	}
	w, _ := c.(*wire)
	return w
}

func (w *wire) RemoteAddr() net.Addr {
	if w.committing.Load() {
		return nowhere{}
	}
	return w.Conn.RemoteAddr()
}

type nowhere struct{}

func (nowhere) Network() string { return "nowhere" }

func (nowhere) String() string { return "nowhere" }

// errUnreplicated: the transaction is committed on the server, and maybe nowhere else.
var errUnreplicated = errors.New("the server has stopped waiting for its standby")

// uncancelled runs a commit on a connection.
func (e *engine) uncancelled(conn *pgconn.PgConn, commit func() error) error {
	w := wireOf(conn)
	if w == nil {
		return commit()
	}
	w.warned.Store(false)
	w.alone.Store(false)
	w.committing.Store(true)
	e.commits.Store(w, time.Now())
	defer e.commits.Delete(w)
	err := commit()
	if !conn.IsClosed() { // what closes it may still be at work
		w.committing.Store(false)
	}
	if err == nil && w.warned.Load() {
		return errUnreplicated
	}
	return err
}
