package rbac

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

type contextKey int

const (
	identityKey contextKey = iota
	actorKey
	reasonKey
	countAsUseKey
)

// NewContext returns a context that carries id. Changes made under the context
// by the Authority that made id name the user of id as the actor. To other
// Authorities the context carries no Identity. The user of an Identity from
// [NewIdentity] is named as asserted.
func NewContext(ctx context.Context, id *Identity) context.Context {
	return context.WithValue(ctx, identityKey, id)
}

// FromContext returns the Identity that NewContext put into the context. If
// there is none, FromContext returns nil, which meets no predicate.
func FromContext(ctx context.Context) *Identity {
	id, _ := ctx.Value(identityKey).(*Identity)
	return id
}

// WithActor names the actor of the changes under the returned context: for jobs
// and command lines, where nobody is logged in. The change log marks the name
// as asserted. An Identity of the Authority that makes the change takes
// precedence.
func WithActor(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, actorKey, name)
}

// WithReason sets the reason in the change log for changes under the context.
func WithReason(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, reasonKey, reason)
}

// CountAsUse makes each [Authority.Watch] under the returned context count as a
// use of its ticket for as long as the watch runs. It is for connections
// through which the user works.
func CountAsUse(ctx context.Context) context.Context {
	return context.WithValue(ctx, countAsUseKey, true)
}

// WithoutUse keeps [Authority.Identify], [Authority.Judge] and other calls
// under the returned context from counting as a use of the ticket. It is for
// work that no user asked for, such as judging each message of a stream: a busy
// stream would keep alive the ticket of a user who has left. Limits and answers
// are the same. If both WithoutUse and [CountAsUse] apply, the later call
// counts.
func WithoutUse(ctx context.Context) context.Context {
	return context.WithValue(ctx, countAsUseKey, false)
}

func countsAsUse(ctx context.Context) bool {
	yes, _ := ctx.Value(countAsUseKey).(bool)
	return yes
}

func withoutUse(ctx context.Context) bool {
	uses, said := ctx.Value(countAsUseKey).(bool)
	return said && !uses
}

// actor is the author of a change.
type actor struct {
	name     string
	verified bool // see Change
	actedFor bool // see Change
	ticket   store.Ticket
}

// findActor sets the actor of an Update. An Identity that this Authority made
// comes first, then the name from WithActor, then an Identity of NewIdentity.
func (tx *Tx) findActor() error {
	id := FromContext(tx.ctx)
	if id.BelongsTo(tx.a) && !id.IsAnonymous() {
		tx.actor = actor{name: id.User(), actedFor: id.origin.ticket == uuid.Nil}
		return tx.verifyActor(id)
	}
	name, _ := tx.ctx.Value(actorKey).(string)
	if tx.actor.name = names.Printable(name, names.MaxName); tx.actor.name == "" && id.hostMade() {
		tx.actor.name = id.User()
	}
	return nil
}

// verifyActor checks whether the ticket of id is still living, and marks the
// actor.
func (tx *Tx) verifyActor(id *Identity) error {
	if id.origin.ticket == uuid.Nil {
		return nil
	}
	t, err := tx.r.Ticket(store.TicketKey{ID: id.origin.ticket})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	tx.actor.ticket = t
	if err == nil && t.User == id.id {
		tx.actor.verified, err = tx.a.sessions.Usable(tx.r, t, tx.now)
	}
	return err
}

func reasonOf(ctx context.Context) string {
	reason, _ := ctx.Value(reasonKey).(string)
	return names.Printable(reason, names.MaxText)
}
