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

// ParseRevision reads what String gave: ErrInvalid for anything else.
func ParseRevision(s string) (Revision, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || Revision(n).String() != s {
		return 0, invalid("revision", s, "", "not a decimal number")
	}
	return Revision(n), nil
}

// Revision returns the last revision that this Authority has seen: at least that of
// each change which was made through it. It does no I/O.
func (a *Authority) Revision() Revision {
	a.moving.Lock()
	defer a.moving.Unlock()
	return max(a.made, a.state.Load().head.Revision)
}

type awaitedKey struct{}

// AtLeast makes [Authority.Identify], [Authority.Judge] and the other calls that give an Identity wait, under the returned context,
// until their Authority has seen a revision or the context ends, which is ErrUnavailable. So
// a request that follows a change, and is served by another process, sees it.
//
// A revision that a client sent along may be made up: let such a wait end after
// MaxStaleness, by which time whatever was committed is seen. The Guard of package httpguard does.
func AtLeast(ctx context.Context, r Revision) context.Context {
	return context.WithValue(ctx, awaitedKey{}, max(r, awaited(ctx)))
}

func awaited(ctx context.Context) Revision {
	r, _ := ctx.Value(awaitedKey{}).(Revision)
	return r
}

// await wakes the follower, and waits until the state has a revision. Who waits does not
// ask the store: however many do, the follower asks once for all of them.
func (a *Authority) await(ctx context.Context, r Revision) error {
	for {
		moved := a.moved()
		if a.state.Load().head.Revision >= r {
			return nil
		}
		a.wakeUp()
		select {
		case <-moved:
		case <-a.ends:
			return errClosed
		case <-ctx.Done():
			return contextEnded(context.Cause(ctx))
		}
	}
}
