// Package postgresstore keeps an rbac.Authority in a PostgreSQL database, so
// that many processes on many machines can share the Authority: in a database
// of its own, or in tables beside those of the host, in the same transactions
// ([Tx]).
//
// The package is tested on PostgreSQL. Its SQL is limited to statements that
// CockroachDB and YugabyteDB accept too, by their documentation, but was not
// tested on them. CockroachDB cannot make columns with COLLATE "C", and orders
// texts by their bytes in any case: on CockroachDB, Open and New omit COLLATE
// "C" from the [Migrations].
//
// # Connections
//
// A store takes connections from a pool, and keeps two more. The first reads
// the head, which the Authority does several times a second and which must
// never wait for anything else. The second listens for hints of policy changes.
// A pool's BeforeConnect and AfterConnect are called for both connections, but
// not its PrepareConn.
//
// If a DSN names several hosts, set target_session_attrs=read-write, and a
// connect_timeout of a few seconds: without a timeout the pool waits two
// minutes for a silent host before trying the next host. A standby is refused,
// since changes arrive late on a standby. A client_encoding other than UTF8 is
// refused as well.
//
// With PgBouncer and similar poolers, use session pooling. Transaction pooling
// works, too, with default_query_exec_mode=exec in the DSN, but without the
// bound across a failover, whatever Store.Guarantee reports: a confirmation has
// to reach one server with all its statements. Hints may then be lost, which
// delays by a fraction of a second the moment at which a change is seen.
//
// # Other roles
//
// In a shared database, other roles may be able to create things in public, or
// in the schema of the tables. PostgreSQL looks for operators, functions and
// types along the search_path, where an overload that matches the arguments
// better wins. A statement then runs the code of the overload's author with the
// rights of the service's role. The statements of this package do not depend on
// the search_path. Tables are named with their schema, and operators, functions
// and types with pg_catalog. Migrations run with only pg_catalog in the
// search_path. No setting of the connection is changed, so the protection holds
// on a host's pool and through PgBouncer, costs no round trip, and leaves the
// host's own statements in a transaction ([Tx]) under the host's own
// search_path.
//
// Existing tables must belong to the role that connects, to a role of which the
// connecting role is a member, to the owner of the schema or of the database,
// or to a superuser. Open and New refuse other tables, because the owner of a
// table can attach code to the table.
//
// The protection does not cover:
//
//   - the host's own statements, triggers and functions;
//   - migrations that a host runs with a tool of its own (see [Migrations]);
//   - a DSN with target_session_attrs=primary, standby or prefer-standby
//     together with a search_path that names a schema of others before
//     pg_catalog, since the driver calls pg_is_in_recovery() by its unqualified
//     name (read-write does not);
//   - the owners named above.
//
// Without Options.Schema the search_path determines the schema of the tables:
// name the schema if others may create schemas.
//
// # Durability
//
// When an Update returns, its changes are on the server's disk, and if
// synchronous_standby_names is set, on the standby's disk, too. If
// synchronous_commit is weaker, these transactions turn synchronous_commit on.
// rbac.Config.MaxStaleness then holds across a failover: docs/consistency.md
// explains how, and under which conditions. After a failover to a standby that
// replicates asynchronously, confirmed changes can be missing, including
// revocations. [Store.Guarantee] reports which case applies.
//
// # Errors
//
// A failure of the server, or on the way to the server, is rbac.ErrUnavailable.
// The error names the call and the failure, and no change is left half done.
// The next call tries again on another connection. One error is different:
// [ErrCommitUnknown].
//
// Transactions that conflict with others (a deadlock, a serialization failure)
// are run again, for some seconds.
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

// ErrCommitUnknown is in the error of an Update, beside rbac.ErrUnavailable, if
// the server did not report the outcome of the commit: the connection was lost,
// or the context ended, during the commit. Either all of the Update took
// effect, or nothing, or the Update may still take effect later. To find out,
// read the records, or repeat the change in a way that is harmless if the
// change is already there. Across a failover only an acknowledged change is
// proof, since records that are read may exist on this server alone. Therefore
// repeat a change that writes something.
var ErrCommitUnknown = errors.New("it is not known whether the commit took effect")

// Options configures a store. The zero Options are valid.
type Options struct {
	// Schema is the schema of the tables, and is made if missing. Empty: the
	// first schema of the search_path that exists, which is public unless the
	// role, the database or the DSN sets another search_path.
	Schema string
	// Bounded makes the store refuse Views, Updates and confirmations with
	// rbac.ErrUnavailable while [Store.Guarantee] is not bounded, for example
	// after synchronous_standby_names was emptied. Otherwise, the store
	// continues at best effort, which the Guarantee reports.
	Bounded bool
	// Replica is the host's own pool of connections to a hot standby, or nil.
	// Users and tickets that are not cached are first looked up on the standby.
	// A result counts if the standby read it at exactly the head of the
	// Authority, so no answer is older than without a Replica. All other reads,
	// including every lease, go to the primary. A Replica relieves a busy
	// primary, and costs one more query while the standby lags. A standby that
	// does not answer within 100 ms is not asked again for one second.
	Replica *pgxpool.Pool
	// With MustExist, nothing is made or migrated: tables that are missing or
	// older than the program are an error. Set MustExist for the verbs of a
	// command line, which must not make tables in a wrong database. The error
	// wraps *sqlstore.VersionError.
	MustExist bool
	// Logger receives a warning if the store is opened over a connection to
	// another machine without TLS (sslmode=disable, or prefer with a server
	// without TLS). Nil: slog.Default().
	Logger *slog.Logger
}

// Store is an rbac.Store on PostgreSQL: see View, Update and Close of
// sqlstore.Store. A Store is safe for concurrent use. Close the Store after the
// Authorities on it, and, if New made the Store, before the pool.
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

// Migrations returns the files 001_….sql, 002_….sql, … that make the tables.
// Open and New run the files if the tables are missing or older. A host may
// instead run the files beforehand with a tool or a role of its own: with the
// schema of the tables first in the search_path, and each file in a
// transaction. Each file adds its number to the table rbac_schema. Run the
// files before anybody else may create things in the schema, and do not name
// pg_catalog in the search_path: unnamed, pg_catalog comes first.
func Migrations() fs.FS {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name is a constant
	}
	return dir
}

// Open connects to a server by a DSN, postgres://user@host/database or
// key=value pairs, with the parameters that pgxpool knows. pool_max_conns
// limits the concurrent transactions; without pool_max_conns the limit is 4, or
// the number of CPUs if larger. Missing tables are made, and older tables are
// migrated. Processes may start at the same time. Tables of a newer version are
// refused.
//
// Errors wrap rbac.ErrUnavailable and name the cause. A malformed DSN is
// rbac.ErrInvalid. The error repeats nothing of the DSN, since in a malformed
// DSN the password can be anywhere.
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
		return nil, badDSN(err.Error()) // the size of the pool, or a lifetime
	}
	e := newEngine(pool, opts)
	e.owned = true
	return e.start(ctx)
}

// New makes a store on the host's own pool. Closing the store does not close
// the pool. Apply [Prepare] to the configuration of the pool. The two
// connections outside the pool are made with the configuration of the pool.
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

// storable reports whether PostgreSQL can store a text: valid UTF-8 without
// NUL.
func storable(s string) bool {
	for _, r := range s {
		if r == 0 {
			return false
		}
	}
	return utf8.ValidString(s)
}
