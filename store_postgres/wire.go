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

// Prepare makes the connections of a pool fit for synchronous replication. The
// server is never asked to cancel a commit. If the server stops waiting for its
// standby by itself, the error is ErrCommitUnknown. Open calls Prepare. A host
// that makes its own pool for [New] calls Prepare before pgxpool.NewWithConfig.
// Without Prepare, [Store.Guarantee] is best effort.
func Prepare(config *pgxpool.Config) {
	c := config.ConnConfig
	dial, notice := c.DialFunc, c.OnNotice
	// The wire is below TLS, because the driver must see TLS itself to bind the
	// password to TLS (SCRAM-SHA-256-PLUS).
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
	// the code of several warnings, including the end of waiting for a standby
	warning = "01000"
	raised  = "exec_stmt_raise" // the source of a warning that a trigger raises
)

// toldOfWarnings makes the server send warnings until the end of the
// transaction, and in its commit, even if a role or a database suppresses
// warnings.
const toldOfWarnings = "set local client_min_messages to warning"

// wire is the connection below that of the driver.
//
// If a driver gives up a statement, or its connection breaks, the driver sends
// a cancel request to the remote address of the connection. A commit that is
// cancelled while waiting for a standby is visible, and not on the standby.
// During a commit the remote address is therefore nowhere.
type wire struct {
	net.Conn
	committing, warned atomic.Bool
	alone              atomic.Bool // the commit is abandoned by its caller
}

// wireOf returns nil for a connection of an unprepared pool.
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

// errUnreplicated: the transaction is committed on the server, but possibly not
// on any standby.
var errUnreplicated = errors.New("the server has stopped waiting for its standby")

// uncancelled runs a commit on a connection without cancel requests.
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
	if !conn.IsClosed() { // a closing connection may still send a cancel request
		w.committing.Store(false)
	}
	if err == nil && w.warned.Load() {
		return errUnreplicated
	}
	return err
}
