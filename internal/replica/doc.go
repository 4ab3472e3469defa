/*
Package replica keeps an Authority's copy of the policy true to the store.

# Overview

A Replica holds a [State]: the policy, compiled, together with the head of the
store at which the policy was read. All users and tickets that the Authority
has cached are true at that head, too. Checks read the State without a lock and
without asking the store.

The store does not push changes, and no process knows of another. So a Replica
may be stale, and bounds for how long: the State counts only under a lease. A
lease says when the store was asked last and gave an answer that the State
includes. A call that finds no lease asks the store first. If the store does not
answer, the call fails with ErrUnavailable and never answers from the old State.

# States

	           New
	            │
	            ▼
	       ┌─────────┐  Current: the policy is loaded
	       │  empty  ├──────────────────────────────┐
	       └─────────┘                              │
	                                                ▼
	  a poll has seen the head   ┌────────┐    ┌──────────┐
	┌───────────────────────────►│ leased │    │ unleased │◄─────────┐
	│                            └─┬────┬─┘    └────┬─────┘          │
	│     MaxStaleness has passed, │    │           │ next call,     │
	│     or the lease is given up │    │ Update    │ or the follower│ the store
	│                              ▼    │ of this   ▼                │ does not
	│                       (unleased)  │ Authority ┌─────────┐      │ answer
	└───────────────────────────────────┼───────────┤ polling ├──────┘
	                                    │           └────┬────┘
	                                    ▼                │ another head
	                                (leased, at          ▼
	                                 the head     ┌────────────┐ gap, too many changes,
	                                 of the       │  replay    ├─────────────┐
	                                 Update)      │ of changes │  or history │
	                                              └─────┬──────┘  replaced   ▼
	                                                    │              ┌──────────┐
	                                                    ▼              │  reload  │
	                                                 (leased) ◄────────┤ evicts   │
	                                                                   │ all      │
	                                                                   └──────────┘

Leased and unleased are no flags. They are the outcome of a comparison of times
that every call makes for itself: a process that was paused for an hour finds
its lease expired, although no goroutine ran to say so. Elapsed time is the
larger of the monotonic and the wall clock's (package clock).

# Trust window

	     asked          answered                    asked + MaxStaleness
	───────┼───────────────┼───────────────────────────────┼────────────► time
	       │◄──── the State is used without asking ───────►│
	                       │◄──────── effectively ────────►│

A lease counts from before the question, not from the answer: a change that was
committed while the answer was under way may be missing from the State. A change
that is committed at time t is therefore seen by every call that begins at or
after t + MaxStaleness. The follower polls ten times as often, and at once after
a hint of the store, so most changes are seen after a tenth of that time.

A poll that was begun before the lease was given up does not renew the lease.

# What each actor may do

  - A caller of [Replica.Ready] compares times, and polls if there is no lease.
    One caller at a time polls; the others wait, none longer than MaxStaleness.
  - A caller of [Replica.Current] reads the head in a View, and moves the State
    to that head if the State is at another.
  - The follower, [Replica.Run], polls. It takes its time for a whole policy:
    meanwhile the lease runs out.
  - An Update of this Authority moves the State to its own head
    ([Replica.Advance]) and renews the lease from before the Update, without
    asking the store, which could fail. Where the changes do not determine the
    next State, it gives up the lease. Where the outcome of the commit is unknown,
    the Authority gives up the lease ([Replica.GiveUpLease]).
  - Whoever moves the State evicts the users whom the changes concern, or all
    users after a reload, while holding the lock under which caches are filled
    ([Replica.Keep]). So nothing that was read before a move is cached after it.

A State that the mover has read is dropped if an Update of this Authority has
moved the State meanwhile: the State never goes back in its own history.

# Failover

A store on servers of which another can take over is a [store.Confirmer]. The
answers of such a store may be those of a server that was left behind, which
knows nothing of later changes. So only a ConfirmedView renews the lease, and an
Update does not. A View that shows another history than the State's (a fork)
decides nothing: a ConfirmedView does. All of this is in failover.go; without a
Confirmer none of it runs.

# Lock order

 1. the turn to poll
 2. a transaction of the store
 3. the turn to load: one goroutine reads changes or a policy, in its transaction
 4. mu: held to move the State, to give up or renew the lease, and to fill caches
 5. the locks of the caches

Nobody asks the store while holding mu. State and lease are atomic pointers to
immutable values. Read the lease first: the State that is read after it is at
least as new.
*/
package replica
