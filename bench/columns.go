package main

// The names of what is measured. Times are in nanoseconds, memory in bytes.
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

	// Of rbac alone.
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
