package store

import "context"

// Confirmer is an optional ability of a [Store] on several servers, any of
// which can take the place of the current server. A server that was replaced
// may continue to answer without the changes that other servers make since. An
// Authority therefore trusts the answers of a Confirmer only for its
// MaxStaleness, from the beginning of a ConfirmedView.
type Confirmer interface {
	// ConfirmedView runs f as View does, on a server that proved, after the
	// call and before f began, that its changes still count: f sees every
	// Update that was confirmed to anybody before the call. Guarantee reports
	// how far this holds. An Authority calls ConfirmedView several times within
	// its MaxStaleness. ConfirmedView must not wait for other calls of the
	// store.
	ConfirmedView(ctx context.Context, f func(Records) error) error
	// Guarantee returns the Guarantee that the last ConfirmedView found. Before
	// the first ConfirmedView, the result is the Guarantee found when the store
	// was opened. Guarantee does not wait.
	Guarantee() Guarantee
}

// Guarantee states how far the MaxStaleness of an Authority holds. The zero
// Guarantee promises nothing.
type Guarantee struct {
	// Bounded reports whether MaxStaleness holds even if a server fails or is
	// cut off and another takes its place. If false, MaxStaleness holds as long
	// as the store keeps its present server; after a failover the latest
	// changes may be lost, or seen late: best effort.
	Bounded bool
	Reason  string // the reason for Bounded, as a text for people
}
