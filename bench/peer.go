package main

// peer is a way to decide who may do what.
type peer struct {
	name   string
	module string // whose version is told; empty: none
	bound  bool   // no library but a bound: the least that a check can cost
	keep   bool   // loading takes long: what was loaded alone is kept for the turns
	load   func(w *world) (subject, error)
}

// peers are all that are measured, in the order of the tables.
var peers = []peer{
	{name: rbacName, load: loadMemory},
	{name: sqliteName, keep: true, load: loadSQLite},
	{name: "casbin, `g` first", module: casbinModule, load: loadCasbin(roleFirst)},
	{name: "casbin, cheap first", module: casbinModule, load: loadCasbin(cheapFirst)},
	{name: "casbin, cached", module: casbinModule, load: loadCasbinCached},
	{name: "casbin, synced cached", module: casbinModule, load: loadCasbinSyncedCached},
	{name: "cedar-go", module: "github.com/cedar-policy/cedar-go", load: loadCedar},
	{name: "OPA", module: "github.com/open-policy-agent/opa", load: loadOPA},
	{name: mapsName, bound: true, load: loadMaps},
	{name: bitsetName, module: "github.com/bits-and-blooms/bitset", bound: true, load: loadBitset},
}

// Those whom the tables and aims ask for by name.
const (
	rbacName   = "rbac"
	sqliteName = "rbac on SQLite"
	mapsName   = "plain maps"
	bitsetName = "bitset"
)

// subject is a peer that holds a world. The loops are its own, so that what is timed has no
// indirect call in it that the peer's users would not have.
type subject interface {
	check(user, permission string) bool
	// checks makes a check by strings of each probe and counts those allowed.
	checks(ps []probe) (allowed int)
	assign(user, group string) error
	deassign(user, group string) error
	grant(group, permission string) error
	revoke(group, permission string) error
	close() error
}

// readier is a subject that can be asked without naming user and permission anew: by what a request has in hand.
type readier interface {
	ready(ps []probe) prepared
}

// prepared holds one question for each probe.
type prepared interface {
	// each asks the questions from one number up to another and counts those allowed.
	each(from, to int) (allowed int)
	// again asks one question n times.
	again(i, n int) (allowed int)
}

// compounder is a subject that can decide compounds. It prepares them as far as it can; the
// function that it returns asks those from one number up to another and counts those allowed.
type compounder interface {
	compounds(cs []compound) func(from, to int) (allowed int)
}

// warmer is a subject that answers from a cache once it has been asked.
type warmer interface{ warm(w *world) error }

// rememberer is a subject with a cache of decisions, which it fills with those on all questions.
type rememberer interface{ remember(q *questions) error }
