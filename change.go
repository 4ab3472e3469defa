package rbac

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// Change is one entry of the change log. Every Update that changes something
// writes its changes in the same transaction, under one revision.
//
// The log is the audit trail and the feed by which other processes evict cached
// records. The log never holds a password, a hash or a token.
//
// Verified means that the change was made by an Identity from a ticket of
// Actor's, that the Authority of the change had made the Identity, and that the
// ticket was living inside the transaction. A user who ends the ticket with its
// token, or gets the ticket in the same transaction for a password, is
// verified, too. ActedFor means that the Identity came from
// [Authority.Identity] or [Authority.IdentityBySubject]: the program named the
// user, and acted for the user. With neither, the program asserted the name
// ([WithActor], [NewIdentity], [Authority.Issue]), or the ticket had ended by
// then. At most one of the two is true. An Identity of another Authority names
// nobody.
type Change struct {
	Revision Revision
	Seq      int       // position among the changes of the revision, from 0
	At       time.Time // by the clock of the Authority that made the change
	Actor    string    // the name of the actor; empty if the context named nobody
	Verified bool      // Actor held a living ticket; see below
	ActedFor bool      // the program named Actor and acted for that user; see below
	Reason   string    // from WithReason
	Action   string    // the name of the function: "AddUser", "GrantPermission", "Logout", …
	Subject  string    // the name of the changed record, or of the first of two related records
	Object   string    // the name of the second, or the id of a ticket; empty for single records
	Scope    string    // of a membership

	// The ids of Subject and Object, which outlast their names; zero for
	// sections and for the permission of a grant.
	SubjectID, ObjectID uuid.UUID

	Nonce uint64 // of the revision: random, and new for each revision

	// The record before and after as a JSON object, or the Groups of a narrowed
	// ticket. Nil where there was or is no record, and for passwords and the
	// end of a ticket.
	Before, After json.RawMessage
}

// ChangeQuery selects entries of the change log. The zero query selects all,
// oldest first. An entry has to meet every field that is set.
//
// Each of Actor, Subject, Action, Scope and the times is served by an index. A
// query with several of Actor, Subject, Action and Scope reads the entries of
// one of them, in the order of the log, and skips the entries that do not meet
// the others.
type ChangeQuery struct {
	After   Revision  // only later revisions
	Actor   string    // only by this actor, exactly
	Subject string    // only with this Subject or Object, exactly
	Action  string    // only with this Action, exactly
	Scope   string    // only with this Scope, exactly; empty: with any and with none
	Since   time.Time // only at or after this time; zero: no bound
	Until   time.Time // only before this time; zero: no bound

	// Last is the last entry of the page before, in either direction: only
	// entries that follow it in the listing. A page may end within a revision.
	// Only Revision and Seq count, and the entry may be gone. Zero: the first
	// page.
	Last Change

	Limit  int  // at most this many; 0: no limit
	Newest bool // newest first, by Revision and Seq descending; After still means later than
}

// Revision counts the committed Updates that changed something: 1, 2, 3, …
// without gaps and in the order of their commits. Zero is the empty store.
//
// A Revision is also a token of consistency: pass the [Authority.Revision] of
// one process to [AtLeast] in another process, and the answers there include
// every change up to that revision.
type Revision = store.Revision

// ParseRevision reads the result of String. Any other text is ErrInvalid.
func ParseRevision(s string) (Revision, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || Revision(n).String() != s {
		return 0, invalid("revision", s, "", "not a decimal number")
	}
	return Revision(n), nil
}

// Revision returns the last revision that this Authority has seen: at least the
// revision of each change that was made through it. Revision does no I/O.
func (a *Authority) Revision() Revision { return a.replica.Revision() }

type awaitedKey struct{}

// AtLeast makes [Authority.Identify], [Authority.Judge] and the other calls
// that return an Identity wait, under the returned context, until their
// Authority has seen a revision. If the context ends first, the call fails with
// ErrUnavailable. So a request that follows a change sees the change, even in
// another process.
//
// A client may make up a revision. Limit the wait for a client's revision to
// MaxStaleness, after which every committed revision is seen, as the Guard of
// package httpguard does.
func AtLeast(ctx context.Context, r Revision) context.Context {
	return context.WithValue(ctx, awaitedKey{}, max(r, awaited(ctx)))
}

func awaited(ctx context.Context) Revision {
	r, _ := ctx.Value(awaitedKey{}).(Revision)
	return r
}
