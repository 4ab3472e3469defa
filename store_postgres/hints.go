package postgresstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// channel is the channel for notifications of policy changes. The payload is
// the schema.
const channel = "rbac_policy"

// tellWait is how long a notification may take. Only the connection waits for
// the notification.
const tellWait = time.Second

// tell sends a hint after the commit and outside of the transaction, because a
// server serializes commits with a NOTIFY. For the same reason only policy
// changes are sent, and not each logout.
func (e *engine) tell(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(ctx, tellWait)
	defer cancel()
	_, _ = conn.Exec(ctx, e.Spell("SELECT pg_notify(?, ?)"), channel, e.schema)
}

// Hints sends a hint when a process has changed the policy. Hints listens on a
// separate connection until ctx ends or the store is closed, and reconnects
// when the connection breaks. A connection to a frozen server is silent and
// cannot be recognized as broken.
func (s *Store) Hints(ctx context.Context) <-chan struct{} {
	hints := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer context.AfterFunc(s.engine.ctx, cancel)()
		s.engine.listen(ctx, hints)
		cancel()
	}()
	return hints
}

const (
	listenPause   = time.Second // before the first reconnect; doubled each time
	longestListen = time.Minute
)

func (e *engine) listen(ctx context.Context, hints chan<- struct{}) {
	for pause := listenPause; ; pause = min(2*pause, longestListen) {
		began := time.Now()
		err := e.listenOnce(ctx, hints)
		var pg *pgconn.PgError
		if errors.As(err, &pg) && severity(pg) == "ERROR" {
			return // the engine does not know LISTEN
		}
		if time.Since(began) > longestListen {
			pause = listenPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (e *engine) listenOnce(ctx context.Context, hints chan<- struct{}) error {
	conn, err := e.connect(ctx)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	for hint(hints); ; { // the first hint stands for changes before LISTEN
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if n.Payload == e.schema {
			hint(hints)
		}
	}
}

func hint(hints chan<- struct{}) {
	select {
	case hints <- struct{}{}:
	default:
	}
}
