// Package replica keeps an Authority's copy of the policy true to the store.
//
// # Overview
//
// A [Replica] holds a [State]: the compiled policy, and the head of the store
// at which the policy was read. All users and tickets that the Authority has
// cached are true at that head, too. Checks read the State without a lock and
// without asking the store.
//
// Processes do not know of each other, and the store pushes hints at most. So a
// State may be stale, and the Replica bounds for how long: a State counts only
// under a lease. A lease records when the store was last asked a question whose
// answer the State includes. A call without a lease asks the store first. If
// the store does not answer, the call fails with ErrUnavailable; no call is
// answered from the old State.
//
// # States
//
//	     New
//	      │ Current: reload, then Poll
//	      ▼
//	┌───────────┐   MaxStaleness has passed,   ┌───────────┐
//	│           │   or the lease is given up   │           │
//	│  leased   ├─────────────────────────────►│ unleased  │◄───┐
//	│           │                              │           │    │ no answer:
//	└─▲───▲───▲─┘                              └─────┬─────┘    │ ErrUnavailable
//	  │   │   │                                      │ poll     │
//	  │   │   │            the head is the State's   ▼          │
//	  │   │   └──────────────────────────────── reads head ─────┘
//	  │   │                                          │ another head
//	  │   │   the changes lead to the head           ▼
//	  │   └──────────── replay ◄─────────────── reads changes
//	  │            evicts their users                │ a gap, too many changes,
//	  │                                              ▼ or another history
//	  └───────────────────────────────────────── reload
//	                                            evicts all users
//
// An Update of this Authority leads from leased or unleased to leased, at the
// head of the Update.
//
// Leased and unleased are not flags but the outcome of a comparison of times,
// which each call makes for itself. A process that was paused for an hour finds
// its lease expired, although no goroutine ran meanwhile. Elapsed time is the
// larger of the monotonic and the wall clock's; see package clock.
//
// # Trust window
//
//	     asked       answered                     asked + MaxStaleness
//	───────┼────────────┼──────────────────────────────────┼──────────► time
//	       │◄────────────── the lease lasts ──────────────►│
//	                    │◄──── calls use the State ───────►│
//
// A lease counts from the question, not from the answer: a change that commits
// while the answer is under way may be missing from the State. So every call
// that begins MaxStaleness after a commit, or later, sees the change. The
// follower polls ten times as often, and at once after a hint of the store, so
// most changes are seen after a tenth of MaxStaleness.
//
// A poll that began before the lease was given up does not renew the lease.
//
// # What each actor may do
//
//   - A caller of [Replica.Ready] compares times, and polls if there is no
//     lease. One caller at a time polls; the others wait, none longer than
//     MaxStaleness.
//   - A caller of [Replica.Current] reads the head in a View, and moves the
//     State to that head.
//   - The follower, [Replica.Run], polls. Its polls may take longer than a
//     lease lasts, as when it reads a large policy: meanwhile calls find no
//     lease.
//   - An Update of this Authority moves the State to its own head
//     ([Replica.Advance]), and renews the lease from before the Update, without
//     asking the store. If the changes do not determine the next State, Advance
//     gives up the lease. If the outcome of a commit is unknown, the Authority
//     gives up the lease ([Replica.GiveUpLease]).
//   - An actor that moves the State evicts the users of the changes, or after a
//     reload all users, under the lock under which caches are filled
//     ([Replica.Keep]). Records that were read before a move are not cached
//     after the move.
//
// An actor that has read a next State drops it if an Update of this Authority
// has moved the State meanwhile. Within one history the State never goes back.
//
// # Failover
//
// A store on several servers, any of which may take over, is a
// [store.Confirmer]. Its answers may come from a server that was left behind
// and knows nothing of later changes. Therefore only a ConfirmedView renews the
// lease; an Update does not. If a View shows another history than the State's
// (a fork), a ConfirmedView decides which history counts. The code is in
// failover.go, and does not run for other stores.
//
// # Lock order
//
//  1. the turn to poll
//  2. a transaction of the store
//  3. the turn to load: one goroutine reads news, in its transaction
//  4. mu: held to move the State, to renew or give up the lease, and to fill
//     caches
//  5. the locks of the caches
//
// No goroutine asks the store while holding mu. State and lease are atomic
// pointers to immutable values. Read the lease before the State: the State is
// then at least as new.
package replica
