package main

// peer is a way to decide who may do what.
type peer struct {
	name   string
	module string // the module whose version the report prints; empty: none
	bound  bool   // not a library but a bound: the least that a check can cost
	keep   bool   // loading takes long, so the world is loaded once
	load   func(w *world) (subject, error)
}

// peers are all peers, in the order of the tables.
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

// The peers that the tables and the aims ask for by name.
const (
	rbacName   = "rbac"
	sqliteName = "rbac on SQLite"
	mapsName   = "plain maps"
	bitsetName = "bitset"
)

// subject is a peer that holds a world. Each subject has its own loops: an
// indirect call that users of the peer do not have must not be timed.
type subject interface {
	check(user, permission string) bool
	// checks makes a check by strings of each probe and counts the allowed.
	checks(ps []probe) (allowed int)
	assign(user, group string) error
	deassign(user, group string) error
	grant(group, permission string) error
	revoke(group, permission string) error
	close() error
}

// readier is a subject that takes values of a request, an Identity and a
// predicate for example, instead of names.
type readier interface {
	ready(ps []probe) prepared
}

// prepared holds one question for each probe.
type prepared interface {
	// each asks the questions from number from up to number to and counts the
	// allowed.
	each(from, to int) (allowed int)
	// again asks one question n times.
	again(i, n int) (allowed int)
}

// compounder is a subject that can decide compounds. The method compounds
// prepares the compounds as far as the peer can, and returns a function. The
// function decides the compounds from one number up to another and counts the
// allowed.
type compounder interface {
	compounds(cs []compound) func(from, to int) (allowed int)
}

// warmer is a subject that caches what a first question reads.
type warmer interface{ warm(w *world) error }

// rememberer is a subject with a cache of decisions. The method remember fills
// the cache with the decisions on all questions.
type rememberer interface{ remember(q *questions) error }
