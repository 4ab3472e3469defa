package rbac

import (
	"context"
	"strconv"
)

// Revision counts the committed Updates that changed something: 1, 2, 3, …
// without gaps and in the order of their commits. Zero is the empty store.
//
// It is also a token of consistency: what [Authority.Revision] returned after a change in one
// process, and [AtLeast] in another, makes that process answer with the change seen.
type Revision uint64

// String is the decimal number, which [ParseRevision] reads.
func (r Revision) String() string { return strconv.FormatUint(uint64(r), 10) }

// ParseRevision reads what String gave: ErrInvalid for anything else.
func ParseRevision(s string) (Revision, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || Revision(n).String() != s {
		return 0, invalid("revision", s, "", "not a decimal number")
	}
	return Revision(n), nil
}

// Revision returns the last revision that this Authority has seen: at least the
// revision of each change that was made through it. It does no I/O.
func (a *Authority) Revision() Revision { return a.replica.revision() }

type awaitedKey struct{}

// AtLeast makes [Authority.Identify], [Authority.Judge] and the other calls that
// return an Identity wait, under the returned context, until their Authority has
// seen a revision. If the context ends first, they fail with ErrUnavailable. So a
// request that follows a change, and is served by another process, sees the
// change.
//
// A client may make a revision up: let the wait for a client's revision end
// after MaxStaleness, by which time every committed revision is seen. The Guard
// of package httpguard does.
func AtLeast(ctx context.Context, r Revision) context.Context {
	return context.WithValue(ctx, awaitedKey{}, max(r, awaited(ctx)))
}

func awaited(ctx context.Context) Revision {
	r, _ := ctx.Value(awaitedKey{}).(Revision)
	return r
}
