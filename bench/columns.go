package main

// The names of the columns. Times are in nanoseconds, memory in bytes.
const (
	byStrings     = "check by strings"
	readyAgain    = "ready, one pair"
	readyRandom   = "ready, random pairs"
	compoundReady = "compound"
	twoStrings    = "two goroutines, by strings" // a ratio
	twoReady      = "two goroutines, ready"      // a ratio
	assignChange  = "assign or deassign"
	grantChange   = "grant or revoke"
	allocs        = "allocations"
	loading       = "load"
	heapTotal     = "heap"

	// Columns of rbac alone.
	compoundAgain  = "compound, one over and over"
	compoundAllocs = "compound, allocations"
	loadingUsers   = "users and memberships through Update"
	opening        = "open on a filled store"
	missing        = "Identity, not in the cache"
	identifyOne    = "Identify, one token"
	identifyRandom = "Identify, random tokens"
	identifyAllocs = "Identify, allocations"
	readyAllocs    = "ready, allocations"
	guardedCookie  = "guard, with a cookie"
	guardedBearer  = "guard, with a bearer token"
	heapRecords    = "heap, the store's records"
	heapPolicy     = "heap, the policy"
	heapCached     = "heap, all users in the cache"
)

// rbacColumns are all columns of rbac.
var rbacColumns = []struct {
	name   string
	format func(float64) string
}{
	{byStrings, duration}, {readyAgain, duration}, {readyRandom, duration}, {compoundReady, duration}, {compoundAgain, duration},
	{allocs, plain}, {readyAllocs, plain}, {compoundAllocs, plain}, {identifyAllocs, plain}, {twoStrings, ratio}, {twoReady, ratio},
	{identifyOne, duration}, {identifyRandom, duration}, {missing, duration}, {guardedCookie, duration}, {guardedBearer, duration},
	{assignChange, duration}, {grantChange, duration}, {loading, duration}, {loadingUsers, duration}, {opening, duration},
	{heapRecords, megabytes}, {heapPolicy, megabytes}, {heapCached, megabytes},
}
