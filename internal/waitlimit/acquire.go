package waitlimit

import (
	"context"
	"fmt"

	"github.com/rbac-go/rbac/store"
)

// Acquire takes a place of a semaphore, a buffered channel with a value for
// each place that is taken. [Release] gives the place back.
func Acquire(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ContextEnded(context.Cause(ctx))
	}
}

// Release gives back a place.
func Release(places chan struct{}) { <-places }

// ContextEnded returns the error of a call whose context ended before the
// answer.
func ContextEnded(cause error) error { return fmt.Errorf("%w: %w", store.ErrUnavailable, cause) }
