package adapters

import (
	"context"
	"net/http"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// whileAllowed returns a context that ends when the caller of a stream is no
// longer allowed, with the refusal as its cause.
func whileAllowed(ctx context.Context, auth *rbac.Authority, guard *httpguard.Guard, still func(context.Context) error) context.Context {
	token := guard.Token(new(http.Request).WithContext(ctx))
	ctx, cancel := context.WithCancelCause(ctx)
	go func() { // until the stream ends
		defer cancel(nil)
		for range auth.Watch(ctx, token) {
			if err := still(rbac.WithoutUse(ctx)); err != nil {
				cancel(err)
			}
		}
	}()
	return ctx
}
