package rbac

import (
	"context"
	"strconv"

	"github.com/rbac-go/rbac/store"
)

// Revision counts the committed Updates that changed something: 1, 2, 3, …
// without gaps and in the order of their commits. Zero is the empty store.
//
// A Revision is also a token of consistency: a process that is given the
// [Authority.Revision] of another process, under [AtLeast], answers with every
// change up to that revision seen.
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
// revision of each change that was made through it. It does no I/O.
func (a *Authority) Revision() Revision { return a.replica.Revision() }

type awaitedKey struct{}

// AtLeast makes [Authority.Identify], [Authority.Judge] and the other calls
// that return an Identity wait, under the returned context, until their
// Authority has seen a revision. If the context ends first, the call fails with
// ErrUnavailable. A request that follows a change sees the change, even in
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
