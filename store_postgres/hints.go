package postgresstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// channel is what changes to a policy are told on, with the schema as the payload.
const channel = "rbac_policy"

// tellWait is how long telling may take; nobody waits for it but the connection.
const tellWait = time.Second

// tell is a hint, so it is not part of the transaction: a server commits those with a NOTIFY one after
// another. For the same reason only changes to the policy are told, and not each logout.
func (e *engine) tell(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(ctx, tellWait)
	defer cancel()
	_, _ = conn.Exec(ctx, e.Spell("SELECT pg_notify(?, ?)"), channel, e.schema)
}

// Hints gives a hint when a process has changed the policy. It listens on a connection of its own until ctx
// ends or the store is closed, and connects again when that breaks. A connection to a server that is frozen is silent and looks well.
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
	listenPause   = time.Second // before the first new attempt; then twice as long each time
	longestListen = time.Minute
)

func (e *engine) listen(ctx context.Context, hints chan<- struct{}) {
	for pause := listenPause; ; pause = min(2*pause, longestListen) {
		began := time.Now()
		err := e.listenOnce(ctx, hints)
		var pg *pgconn.PgError
		if errors.As(err, &pg) && severity(pg) == "ERROR" {
			return // an engine that does not know LISTEN
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
	for hint(hints); ; { // at first for what was told while nobody listened
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
