package waitlimit

import (
	"context"
	"fmt"

	"github.com/rbac-go/rbac/store"
)

// Acquire takes one of the places of a semaphore: it sends to a channel that has
// room for as many values as there are places. [Release] gives the place back.
func Acquire(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ContextEnded(context.Cause(ctx))
	}
}

// Release gives back a place that Acquire took.
func Release(places chan struct{}) { <-places }

// ContextEnded returns the error of a call that was not answered because its
// context ended.
func ContextEnded(cause error) error { return fmt.Errorf("%w: %w", store.ErrUnavailable, cause) }
