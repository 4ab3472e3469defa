package rbac

import "context"

type contextKey int

const (
	identityKey contextKey = iota
	actorKey
	reasonKey
)

// NewContext returns a context that carries id: predicates are judged against
// it, and changes made under it name its user as the actor.
func NewContext(ctx context.Context, id *Identity) context.Context {
	return context.WithValue(ctx, identityKey, id)
}

// FromContext returns the Identity that NewContext put there, and nil, which
// meets no predicate, where there is none.
func FromContext(ctx context.Context) *Identity {
	id, _ := ctx.Value(identityKey).(*Identity)
	return id
}

// WithActor names who makes the changes under the returned context: for jobs and
// command lines, where nobody is logged in. The change log marks it as asserted. An
// Identity that came from an Authority goes before it.
func WithActor(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, actorKey, name)
}

// WithReason says why the changes under the returned context are made, for the change log.
func WithReason(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, reasonKey, reason)
}

// actor is who makes a change.
type actor struct {
	name     string
	verified bool // identified by an Authority, not merely named by the program
}

// actorOf prefers what cannot be made up: an Identity that came from an
// Authority, then the name the program gave, then an Identity the program made.
func actorOf(ctx context.Context) actor {
	id := FromContext(ctx)
	if id.verified() && !id.IsAnonymous() {
		return actor{name: id.User(), verified: true}
	}
	name, _ := ctx.Value(actorKey).(string)
	if name = printable(name, maxName); name != "" {
		return actor{name: name}
	}
	return actor{name: id.User()}
}

func reasonOf(ctx context.Context) string {
	reason, _ := ctx.Value(reasonKey).(string)
	return printable(reason, maxText)
}
