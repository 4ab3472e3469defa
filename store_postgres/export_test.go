package postgresstore

import (
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// HostTx is Tx without an Authority.
func HostTx(r store.Records) (pgx.Tx, bool) {
	u, ok := r.(interface{ Unwrap() any })
	if !ok {
		return nil, false
	}
	return hostTx(u.Unwrap())
}

// Pool returns the pool that runs the transactions of a store.
func (s *Store) Pool() *pgxpool.Pool { return s.engine.pool }

// Dialect returns the engine of a store.
func (s *Store) Dialect() sqlstore.Dialect { return s.engine }

// Prepared reports whether the pool was prepared.
func (s *Store) Prepared() bool { return s.engine.prepared }

// SchemaOf returns the schema of the tables of a store.
func (s *Store) SchemaOf() string { return s.engine.schema }

// Outcome is the error of Commit for an error of the driver.
var Outcome = outcome

// SetCommitGrace sets how long a commit may take after its context has ended,
// on a store that is not in use yet.
func (s *Store) SetCommitGrace(d time.Duration) { s.engine.grace = d }

// SetReplicaWait sets how long a replica may take, on a store that is not in
// use yet.
func (s *Store) SetReplicaWait(d time.Duration) { s.engine.replica.wait = d }

// SetBounded sets Options.Bounded on an open store.
func (s *Store) SetBounded() { s.engine.bounded = true }

// HangUpCommits closes all connections that are committing.
func (s *Store) HangUpCommits() { s.engine.hangUpCommits(func(*wire, time.Time) bool { return true }) }

// SpellBytewise returns a migration for an engine that orders texts by their
// bytes and has no collations.
func SpellBytewise(script string) string { return (&engine{bytewise: true}).spellTables(script) }

// Plaintext returns the address of another machine that a connection without
// TLS leads to.
var Plaintext = plaintext

// Qualify is Spell for a schema "s".
func Qualify(query string) string { return (&engine{prefix: `"s".`}).Spell(query) }

// SpellMigration returns a migration for a schema "s".
func SpellMigration(script string) string { return (&engine{prefix: `"s".`}).spellTables(script) }
