package rbac

import "context"

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

// Guarantee returns how far [Config.MaxStaleness] holds with the store as it is
// now. Open logs the Guarantee, and each change of it is logged. It does no I/O.
func (a *Authority) Guarantee() Guarantee { return a.replica.guarantee() }
