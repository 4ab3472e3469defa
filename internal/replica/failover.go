package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/store"
)

// failover is for a store on several servers, any of which may take over. An
// answer may come from a server that was left behind. Therefore only a
// ConfirmedView renews the lease, and only a ConfirmedView may replace a
// history.
type failover struct{ confirmer store.Confirmer }

const (
	// confirmationsPerLease is how often the store is asked to confirm while a
	// lease lasts. To confirm costs the store more than to read its head.
	confirmationsPerLease = 4

	// maxForks is how often a call has another history confirmed before it
	// gives up on a store whose servers disagree.
	maxForks = 3
)

// errFork: an unconfirmed View shows another history than the state's. Its
// server may have been left behind.
var errFork = errors.New(
	"the server that was asked has another history than the one that was confirmed")

// askServers follows the store, and reports whether to renew the lease: no
// change that was confirmed to anybody before now can be missing.
func (r *Replica) askServers(ctx context.Context, now clock.Reading) (renews bool, err error) {
	if !r.leased(now, r.timeout/confirmationsPerLease) {
		return true, r.confirm(ctx)
	}
	err = r.catchUp(ctx)
	if errors.Is(err, errFork) {
		return true, r.confirm(ctx)
	}
	return false, err
}

// confirm follows the store in a ConfirmedView, which may move the state back,
// or replace it.
func (r *Replica) confirm(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(r.timeout, func() { cancel(errSlowStore) })
	defer late.Stop()
	view := func(ctx context.Context, f func(store.Records) error) error {
		return r.failover.confirmer.ConfirmedView(ctx, func(rec store.Records) error {
			late.Stop() // reading news can take longer, as in other Views
			return f(rec)
		})
	}
	return r.inState(ctx, view, true, onlyFollow)
}

// afterFork is Current for a store whose View has shown another history: the
// store is asked to confirm, and f runs in a new View.
func (r *Replica) afterFork(ctx context.Context, fork error, f Reader) error {
	for range maxForks {
		r.GiveUpLease()
		if err := r.renew(ctx); err != nil {
			return err
		}
		if fork = r.inState(ctx, r.store.View, false, f); !errors.Is(fork, errFork) {
			return fork
		}
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, fork)
}

// Guarantee returns how far MaxStaleness holds. It does no I/O.
func (r *Replica) Guarantee() store.Guarantee {
	if r.failover != nil {
		return r.failover.confirmer.Guarantee()
	}
	return store.Guarantee{Bounded: true, Reason: "the store has no other server that could take over"}
}

// logGuarantee logs the guarantee if it has changed. The caller has the turn to
// poll.
func (r *Replica) logGuarantee() {
	g, last := r.Guarantee(), r.logged
	r.logged = &g
	switch {
	case last != nil && *last == g:
	case last != nil && last.Bounded && !g.Bounded:
		r.log.Warn("rbac: MaxStaleness is no longer bounded",
			"guarantee", "best effort", "reason", g.Reason)
	case g.Bounded:
		r.log.Info("rbac: how far MaxStaleness holds", "guarantee", "bounded", "reason", g.Reason)
	default:
		r.log.Info("rbac: how far MaxStaleness holds",
			"guarantee", "best effort", "reason", g.Reason)
	}
}
