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

// Pool is where the transactions of a store run.
func (s *Store) Pool() *pgxpool.Pool { return s.engine.pool }

// Dialect is what a store is made of.
func (s *Store) Dialect() sqlstore.Dialect { return s.engine }

// Prepared tells whether the pool was.
func (s *Store) Prepared() bool { return s.engine.prepared }

// SchemaOf is where the tables of a store are.
func (s *Store) SchemaOf() string { return s.engine.schema }

// Outcome is what Commit makes of an error.
var Outcome = outcome

// SetCommitGrace is how long a commit may take after its context, on a store that is not in use yet.
func (s *Store) SetCommitGrace(d time.Duration) { s.engine.grace = d }

// SetReplicaWait is how long a replica may take, on a store that is not in use yet.
func (s *Store) SetReplicaWait(d time.Duration) { s.engine.replica.wait = d }

// SetBounded is Options.Bounded for a store that is open.
func (s *Store) SetBounded() { s.engine.bounded = true }

// HangUpCommits closes all connections with a commit.
func (s *Store) HangUpCommits() { s.engine.hangUpCommits(func(*wire, time.Time) bool { return true }) }

// SpellBytewise is a migration for an engine that orders texts by their bytes and has no collations.
func SpellBytewise(script string) string { return (&engine{bytewise: true}).spellTables(script) }

// Plaintext is the address of another machine that a connection without TLS leads to.
var Plaintext = plaintext

// Qualify is Spell for a schema "s".
func Qualify(query string) string { return (&engine{prefix: `"s".`}).Spell(query) }

// SpellMigration is a migration for a schema "s".
func SpellMigration(script string) string { return (&engine{prefix: `"s".`}).spellTables(script) }
