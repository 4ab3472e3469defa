package rbac

import (
	"context"
	"errors"
	"time"

	"github.com/rbac-go/rbac/store"
)

// Guarantee tells how far [Config.MaxStaleness] holds with the store as it is now. Open logs it, and so does
// each change of it. It does no I/O.
func (a *Authority) Guarantee() store.Guarantee {
	if a.confirmer != nil {
		return a.confirmer.Guarantee()
	}
	return store.Guarantee{Bounded: true, Reason: "the store has no other server that could take over"}
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
	view := func(ctx context.Context, f func(store.Records) error) error {
		return a.confirmer.ConfirmedView(ctx, func(r store.Records) error {
			late.Stop() // reading what is new can take longer, as it may in other Views
			return f(r)
		})
	}
	return a.inState(ctx, view, true, func(store.Records, *state) error { return nil })
}
