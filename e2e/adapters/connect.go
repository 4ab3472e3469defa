package adapters

import (
	"context"

	"connectrpc.com/connect"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

func connectUnary(guard *httpguard.Guard, rules map[string]rbac.Predicate) connect.UnaryInterceptorFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			ctx, err := guard.Call(ctx, req.Spec().Procedure, req.Header(), rules[req.Spec().Procedure])
			if err != nil {
				return nil, connect.NewError(connect.Code(httpguard.RPCCode(err)), err)
			}
			return next(ctx, req)
		}
	}
}

type connectGuard struct {
	connect.UnaryInterceptorFunc // connectUnary(guard, rules)
	guard                        *httpguard.Guard
	rules                        map[string]rbac.Predicate
}

func (i connectGuard) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, c connect.StreamingHandlerConn) error {
		ctx, err := i.guard.Call(ctx, c.Spec().Procedure, c.RequestHeader(), i.rules[c.Spec().Procedure])
		if err != nil {
			return connect.NewError(connect.Code(httpguard.RPCCode(err)), err)
		}
		return next(ctx, c)
	}
}
