package rbac

import (
	"context"
	"errors"
	"time"
)

// A Confirmer is a [Store] on servers of which another can take the place of the one that is asked. A server that was
// left behind may go on answering, and knows nothing of what others change since. So an [Authority] believes what
// such a store answers only for [Config.MaxStaleness] from the beginning of a ConfirmedView.
type Confirmer interface {
	// ConfirmedView runs f as View does, on a server that had shown, after the call and before f began, that it was still
	// the one whose changes count: f sees every Update that was confirmed to anybody before the call. How far this
	// holds the Guarantee says. It is called several times in MaxStaleness, and must wait for nothing else that is asked of the store.
	ConfirmedView(ctx context.Context, f func(Records) error) error
	// Guarantee is what the last ConfirmedView found, and before the first one what the store found when it was opened. It does not wait.
	Guarantee() Guarantee
}

// Guarantee says how far [Config.MaxStaleness] holds. The zero Guarantee promises nothing.
type Guarantee struct {
	// Bounded says that it holds whichever server fails or is cut off, and if another takes its place. Otherwise
	// it holds as long as the store keeps the server it has; beyond that, what was changed last may be lost, or
	// seen late: best effort.
	Bounded bool
	Reason  string // why, for people
}

// Guarantee tells how far [Config.MaxStaleness] holds with the store as it is now. Open logs it, and so does
// each change of it. It does no I/O.
func (a *Authority) Guarantee() Guarantee {
	if a.confirmer != nil {
		return a.confirmer.Guarantee()
	}
	return Guarantee{Bounded: true, Reason: "the store has no other server that could take over"}
}

// logGuarantee tells what is promised, unless it was the last that was told.
func (a *Authority) logGuarantee() {
	g := a.Guarantee()
	last := a.guarantee
	if last != nil && *last == g {
		return
	}
	a.guarantee = &g
	if last != nil && last.Bounded && !g.Bounded {
		a.log.Warn("rbac: MaxStaleness is no longer bounded", "guarantee", "best effort", "reason", g.Reason)
		return
	}
	word := "best effort"
	if g.Bounded {
		word = "bounded"
	}
	a.log.Info("rbac: how far MaxStaleness holds", "guarantee", word, "reason", g.Reason)
}

// confirmations is how often a store is asked to confirm in MaxStaleness: that costs it more than to tell its head.
const confirmations = 4

// errFork: a transaction that nothing has confirmed sees another history than the state's. It may be that of a server that was left behind.
var errFork = errors.New("the server that was asked has another history than the one that was confirmed")

// confirm follows the store in a ConfirmedView, which may take away what the state has, or replace it.
func (a *Authority) confirm(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(a.cfg.MaxStaleness, func() { cancel(errSlowStore) })
	defer late.Stop()
	view := func(ctx context.Context, f func(Records) error) error {
		return a.confirmer.ConfirmedView(ctx, func(r Records) error {
			late.Stop() // reading what is new can take longer, as it may in other Views
			return f(r)
		})
	}
	return a.inState(ctx, view, true, func(Records, *state) error { return nil })
}
