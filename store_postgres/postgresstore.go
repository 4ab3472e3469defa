// Package postgresstore keeps an rbac.Authority in a PostgreSQL database, so that many
// processes on many machines can share it: in a database of its own, or in tables
// beside those of the host, in the same transactions ([Tx]).
//
// It is tested on PostgreSQL. Its SQL keeps to what CockroachDB and YugabyteDB accept too,
// by their documents; nothing here was tested on them. CockroachDB makes no columns with COLLATE "C", and puts texts in
// the order of their bytes anyhow: there Open and New leave these words out of the [Migrations].
//
// # Connections
//
// A store takes connections from a pool, and keeps two more: one for reading the head, which the
// Authority does several times a second and which must never wait for anything else, and one that listens for hints
// of changes to the policy. A pool's BeforeConnect and AfterConnect are called for these, too, and its PrepareConn
// is not. Where a DSN names several hosts, say target_session_attrs=read-write, and a connect_timeout of few seconds: without one the pool
// waits two minutes for a host that is silent before it tries the next. A server that is a standby is refused, since changes get there late; so is
// a client_encoding other than UTF8. Through PgBouncer and the like, pool by session, or set default_query_exec_mode=exec in
// the DSN; hints may then be silent, which costs a fraction of a second until a change is seen, and nothing else.
//
// # Other roles
//
// In a database that is shared, others may be able to create things in public, or
// in the schema of the tables. PostgreSQL looks for operators, functions and
// types along the search_path, and there an overload that matches the arguments
// better wins: a statement then runs the code of whoever made the overload, as
// the role of the service. The statements of this package leave nothing to the
// search_path. Tables are named with their schema, operators, functions and types
// with pg_catalog, and migrations run with nothing but pg_catalog in the
// search_path. No setting of the connection is changed for that, so it holds on
// a host's pool and through PgBouncer, costs no round trip, and leaves the host's
// own statements in a transaction ([Tx]) under the host's own search_path.
//
// Tables that are already there must belong to the role that connects, to a role
// that this one is a member of, to the owner of the schema or of the database, or
// to a superuser; Open and New refuse others. The owner of a table can attach code
// to it.
//
// What this does not protect: the host's own statements, triggers and functions;
// migrations that a host runs with a tool of its own (see [Migrations]); a DSN with
// target_session_attrs=primary, standby or prefer-standby together with a
// search_path that names a schema of others before pg_catalog, since the driver
// asks pg_is_in_recovery() by its bare name (read-write does not); and the owners
// named above. Without Options.Schema the search_path decides where the tables
// are: name the schema where others may create schemas.
//
// # Durability
//
// What an Update changed is on the server's disk when it returns, and where synchronous_standby_names is set on the standby's, too:
// where synchronous_commit says less, these transactions turn it on. Then rbac.Config.MaxStaleness holds across a failover: docs/consistency.md
// tells how, and on which conditions. After a failover to a standby that replicates asynchronously, changes that were confirmed can
// be missing, revocations too. [Store.Guarantee] tells which of both it is.
//
// # Errors
//
// What fails on the way to the server or on it is rbac.ErrUnavailable, says what failed in which call, and leaves nothing half done; the
// next call tries again on another connection. One error is different: [ErrCommitUnknown].
//
// Transactions that others are in the way of (a deadlock, a serialization failure) are run again, for some seconds.
package postgresstore

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// ErrCommitUnknown is in the error of an Update, beside rbac.ErrUnavailable, when the server did not
// say whether it has committed: the connection was lost, or the context ended, during the commit. All of the
// Update may have taken effect, or nothing of it, and it may yet do so. Who needs to know looks, or makes the change again in a way that does no harm
// when it is there already. Across a failover only a change that is acknowledged itself is an answer: what is there may be on this
// server alone. So make one that writes something.
var ErrCommitUnknown = errors.New("it is not known whether the commit took effect")

// Options set a store up. The zero Options are good.
type Options struct {
	// Schema is where the tables are; it is made where there is none. Empty: the first schema of the
	// search_path that exists, which is public unless the role, the database or the DSN say otherwise.
	Schema string
	// Bounded makes the store refuse, with rbac.ErrUnavailable, Views, Updates and confirmations while [Store.Guarantee] is not bounded, as
	// where synchronous_standby_names was emptied. Otherwise it goes on at best effort, and says so.
	Bounded bool
	// Replica is the host's own pool of connections to a hot standby, or nil. Users and tickets that are in no cache are looked for there
	// first. What is found counts if the standby has it at the very head that the Authority stands at, so that no answer is
	// older than without it; all else is asked of the primary, as every lease is. It takes load from a busy primary, and costs a query
	// more where the standby lags. One that does not answer is left alone for a second.
	Replica *pgxpool.Pool
	// Logger gets a warning when the store is opened over a connection to another machine without TLS (sslmode=disable, or
	// prefer where the server has no TLS). Nil: slog.Default().
	Logger *slog.Logger
}

// Store is an rbac.Store on PostgreSQL: see View, Update and Close of sqlstore.Store. It is
// safe for concurrent use. Close it after the Authorities on it, and, if it was made by New, before the pool.
type Store struct {
	*sqlstore.Store
	engine *engine
}

var (
	_ store.Store      = (*Store)(nil)
	_ store.HeadReader = (*Store)(nil)
	_ store.Hinter     = (*Store)(nil)
	_ store.Confirmer  = (*Store)(nil)
	_ store.Finder     = (*Store)(nil)
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the files 001_….sql, 002_….sql, … that make the tables. Open and New run them where the
// tables are missing or older; they are here for hosts whose own tool, or whose own role, shall do it
// before: with the schema of the tables first in the search_path, each file in a transaction. Each
// adds its number to the table rbac_schema. Run them before anybody else may create things in that schema, and do not name
// pg_catalog in the search_path: it then comes first.
func Migrations() fs.FS {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name is a constant
	}
	return dir
}

// Open connects to a server by a DSN, postgres://user@host/database or key=value pairs, with the parameters
// that pgxpool knows: pool_max_conns is how many transactions run at once, and 4, or one for each CPU, without it. Tables that are
// missing or of an older version are made; processes may start at the same time. Tables of a newer version are refused.
//
// Errors wrap rbac.ErrUnavailable and say what is wrong. A DSN that cannot be read is rbac.ErrInvalid; the error repeats
// nothing of the DSN, since in one that is wrong the password can be anywhere.
func Open(ctx context.Context, dsn string, opts Options) (*Store, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	config, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	Prepare(config)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, badDSN(err.Error()) // a size of the pool, or a lifetime
	}
	e := newEngine(pool, opts)
	e.owned = true
	return e.start(ctx)
}

// New makes a store on the host's own pool, which stays open when the store is closed, and for which [Prepare] is there. The two connections
// beside the pool are made as the pool makes its own.
func New(ctx context.Context, pool *pgxpool.Pool, opts Options) (*Store, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	return newEngine(pool, opts).start(ctx)
}

func (o Options) check() error {
	reason := ""
	switch {
	case len(o.Schema) > maxIdentifier:
		reason = "longer than PostgreSQL's 63 bytes"
	case !storable(o.Schema):
		reason = "not text"
	default:
		return nil
	}
	return &rbac.Error{Kind: store.ErrInvalid, Record: "options", Name: o.Schema, Field: "Schema", Reason: reason}
}

const maxIdentifier = 63

// storable tells whether PostgreSQL knows a text: valid UTF-8 without NUL.
func storable(s string) bool {
	for _, r := range s {
		if r == 0 {
			return false
		}
	}
	return utf8.ValidString(s)
}
