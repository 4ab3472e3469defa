package rbac

import "time"

// Stats is a snapshot of counters, which count from Open and only grow, and of
// gauges. The values are read one after another, while calls go on.
type Stats struct {
	FromCache uint64 // tickets that Identify and similar calls found in the cache; estimated from one in 16
	FromStore Timing // tickets that were looked up in the store, found or not

	// Calls of Login and Issue by outcome: a ticket; a refusal; ErrThrottled;
	// ErrUnavailable or ErrBusy.
	Logins, LoginsRefused, LoginsThrottled, LoginsFailed uint64

	HashesWaiting int    // gauge: callers that wait for their turn to hash a password
	HashWaits     Timing // waits for a turn, whatever the outcome
	HashesBusy    uint64 // waits that ended with ErrBusy
	Hashes        Timing // passwords hashed or verified

	Views, Updates Timing // transactions of the store, also of logins and housekeeping, with their waits for others
	StoreFailures  uint64 // transactions that the store failed, or that waited for Config.LockTimeout

	Revision       Revision      // gauge: see Authority.Revision
	LeaseAge       time.Duration // gauge: since the store was last asked for changes; from Config.MaxStaleness on, each call asks first
	FollowerErrors uint64        // requests for changes that failed; there are ten in MaxStaleness

	CachedTickets, CachedUsers   int    // gauges
	EvictedTickets, EvictedUsers uint64 // to make room: see Config.CachedTickets

	EventsDropped uint64 // events that Config.OnEvent did not get
}

// Timing is a number of calls that have ended, and their time together.
type Timing struct {
	Count uint64
	Total time.Duration
}

// Stats returns what the Authority has counted since Open, for metrics. Stats
// does no I/O. Module rbacotel exports Stats over OpenTelemetry.
func (a *Authority) Stats() Stats {
	s, l, p := a.sessions.Stats(), &a.logins, a.passwords
	return Stats{
		FromCache: s.FromCache, FromStore: Timing(s.FromStore), Logins: l.Succeeded.Load(),
		LoginsRefused: l.Refused.Load(), LoginsThrottled: l.Throttled.Load(), LoginsFailed: l.Failed.Load(),
		HashesWaiting: p.Waiting(), HashWaits: Timing(p.Waits.Load()), HashesBusy: p.Busy.Load(), Hashes: Timing(p.Hashes.Load()),
		Views: Timing(a.store.Views.Load()), Updates: Timing(a.store.Updates.Load()), StoreFailures: a.store.Failures.Load(),
		Revision: a.Revision(), LeaseAge: a.replica.LeaseAge(), FollowerErrors: a.replica.Failures(),
		CachedTickets: s.CachedTickets, CachedUsers: s.CachedUsers,
		EvictedTickets: s.EvictedTickets, EvictedUsers: s.EvictedUsers, EventsDropped: a.events.Dropped(),
	}
}
