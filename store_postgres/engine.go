package postgresstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// engine implements PostgreSQL for sqlstore.
type engine struct {
	name     string
	log      *slog.Logger
	pool     *pgxpool.Pool
	owned    bool   // the pool was opened here
	prepared bool   // by Prepare
	postgres bool   // PostgreSQL itself, and not a compatible engine
	bytewise bool   // the engine orders texts by their bytes and has no collations
	bounded  bool   // Options.Bounded
	exists   bool   // Options.MustExist
	schema   string // name of the schema of the tables; prefix is the quoted form before a table
	prefix   string
	update   pgx.TxOptions
	spelled  sync.Map // statements by their unspelled form
	commits  sync.Map // the wires that are committing
	replica  *replica // nil: none

	// holds the idle connection for reading the head; nil before the first
	// connection
	reserved  chan *pgx.Conn
	process   uuid.UUID    // id of the row that this store writes on the reserved connection
	swept     bool         // old rows are deleted; guarded by reserved
	inForce   serverStatus // last settings known to apply to commits; guarded by reserved
	started   string       // start time of the server behind reserved; guarded by reserved
	guarantee atomic.Pointer[store.Guarantee]
	grace     time.Duration // commitGrace
	failed    atomic.Uint32 // consecutive failed attempts to connect outside the pool

	ctx  context.Context
	stop context.CancelFunc
}

func newEngine(pool *pgxpool.Pool, opts Options) *engine {
	c := pool.Config().ConnConfig
	e := &engine{
		log: cmp.Or(opts.Logger, slog.Default()), pool: pool, schema: opts.Schema, bounded: opts.Bounded, exists: opts.MustExist, grace: commitGrace,
		process: uuid.New(), reserved: make(chan *pgx.Conn, 1),
	}
	e.guarantee.Store(&store.Guarantee{})
	if opts.Replica != nil {
		e.replica = &replica{pool: opts.Replica, wait: replicaWait}
	}
	e.name = fmt.Sprintf("postgres %q of %s", c.Database, net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))))
	e.reserved <- nil
	e.ctx, e.stop = context.WithCancel(context.Background())
	return e
}

// start brings the tables up to date, or requires that they are, and makes the
// store.
func (e *engine) start(ctx context.Context) (*Store, error) {
	err := e.look(ctx)
	tables := e.migrate
	if e.exists {
		tables = func(ctx context.Context) error { return sqlstore.CheckTables(ctx, e, e.tables()) }
	}
	for _, step := range []func(context.Context) error{e.ownTables, tables, e.ownTables} {
		if err == nil {
			err = step(ctx)
		}
	}
	if err != nil {
		e.Close()
		if end := ctx.Err(); end != nil && !errors.Is(err, end) {
			err = fmt.Errorf("%w (%w)", end, err)
		}
		return nil, fmt.Errorf("%w: %v: %w", store.ErrUnavailable, e, err)
	}
	return &Store{sqlstore.New(e), e}, nil
}

// look reads the settings that the transactions depend on.
func (e *engine) look(ctx context.Context) error {
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return connectError(err)
	}
	defer conn.Release()
	e.warnOfPlaintext(ctx, conn.Conn().PgConn())
	var schema *string
	var encoding, durable, told, version string
	err = conn.QueryRow(ctx, e.Spell(`SELECT current_schema(), coalesce(current_setting('server_encoding', true), ''),
		coalesce(current_setting('synchronous_commit', true), ''), coalesce(current_setting('client_min_messages', true), ''),
		version()`)).Scan(&schema, &encoding, &durable, &told, &version)
	switch {
	case err != nil:
		return err
	case encoding != "" && encoding != "UTF8":
		return fmt.Errorf("the database's encoding is %s; it must be UTF8, to keep every text", encoding)
	case e.schema == "" && schema == nil:
		return errors.New("no schema of the search_path exists: name one in Options.Schema")
	case e.schema == "":
		e.schema = *schema
	}
	e.prefix = pgx.Identifier{e.schema}.Sanitize() + "."
	e.update = pgx.TxOptions{BeginQuery: beginUpdate}
	if durable != "on" && durable != "remote_apply" && durable != "" {
		e.update.BeginQuery += "; set local synchronous_commit to on"
	}
	if slices.Contains([]string{"error", "fatal", "panic"}, told) {
		e.update.BeginQuery += "; " + toldOfWarnings
	}
	e.prepared = wireOf(conn.Conn().PgConn()) != nil
	e.postgres = strings.HasPrefix(version, "PostgreSQL ") && !strings.Contains(version, "-YB-")
	e.bytewise = strings.HasPrefix(version, "CockroachDB ")
	now, err := e.ask(ctx, conn.Conn())
	if err != nil {
		return err
	}
	e.started = now.started
	return e.promise(now)
}

func (e *engine) String() string { return e.name }

// Locks returns the lock clauses. A reference takes KEY SHARE as well, which
// does not conflict with a touch.
func (e *engine) Locks() sqlstore.Locks {
	return sqlstore.Locks{
		Update: " FOR UPDATE",
		Ready:  " FOR KEY SHARE NOWAIT",
		Touch:  " FOR NO KEY UPDATE NOWAIT",
		Skip:   " FOR UPDATE SKIP LOCKED",
	}
}

// AnyOf returns one argument for any number of values, so that the server
// prepares one statement.
func (e *engine) AnyOf(column string, values []string) (string, any) {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = `"` + inArray.Replace(value) + `"`
	}
	return column + " = ANY(?)", "{" + strings.Join(list, ",") + "}"
}

// inArray escapes a quoted element of an array.
var inArray = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// likeText makes a pattern of LIKE that matches a text.
var likeText = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// Contains relies on lower of PostgreSQL, which folds A to Z only in columns
// with the collation "C". Other engines fold more. An index of trigrams serves
// ~~, which is LIKE, and not strpos.
func (e *engine) Contains(column, text string) (string, any) {
	if !e.postgres {
		return "strpos(translate(" + column + ", 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), ?) > 0", text
	}
	return "lower(" + column + ") ~~ ?", "%" + likeText.Replace(text) + "%"
}

// Again reports whether the server rolled back a transaction, or a statement,
// in favor of other transactions.
func (e *engine) Again(err error) bool {
	var pg *pgconn.PgError
	if errors.Is(err, ErrCommitUnknown) || !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "40001", // serialization failure
		"40P01", // deadlock
		"55P03": // lock not available
		return true
	}
	return false
}

// closeWait is how long Close waits for connections in use. A commit that the
// server does not answer keeps its connection.
const closeWait = 10 * time.Second

// Close ends the connections that the store owns.
func (e *engine) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	e.stop()
	select {
	case conn := <-e.reserved:
		if conn != nil {
			_ = conn.Close(ctx)
		}
	case <-ctx.Done():
	}
	if !e.owned {
		return nil
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		e.pool.Close()
	}()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return errors.New("some connections are still in use")
	}
}
