package adapters

import (
	"context"
	"errors"
	"net/http"
	"net/netip"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

func grpcUnary(guard *httpguard.Guard, rules map[string]rbac.Predicate) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		ctx, err := guard.Call(ctx, info.FullMethod, md, rules[info.FullMethod])
		if err != nil {
			return nil, status.Error(codes.Code(httpguard.RPCCode(err)), err.Error())
		}
		return next(ctx, req)
	}
}

type grpcStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s grpcStream) Context() context.Context { return s.ctx }

func grpcStreams(guard *httpguard.Guard, rules map[string]rbac.Predicate) grpc.StreamServerInterceptor {
	return func(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		md, _ := metadata.FromIncomingContext(s.Context())
		ctx, err := guard.Call(s.Context(), info.FullMethod, md, rules[info.FullMethod])
		if err != nil {
			return status.Error(codes.Code(httpguard.RPCCode(err)), err.Error())
		}
		return next(srv, grpcStream{s, ctx})
	}
}

// grpcStill judges the caller of a stream again.
func grpcStill(guard *httpguard.Guard, s grpc.ServerStream, method string, p rbac.Predicate) error {
	md, _ := metadata.FromIncomingContext(s.Context())
	if _, err := guard.Call(s.Context(), method, md, p); err != nil {
		return status.Error(codes.Code(httpguard.RPCCode(err)), err.Error())
	}
	return nil
}

// grpcAddr is a Config.ClientAddr for a server that is not behind a proxy.
func grpcAddr(r *http.Request) (netip.Addr, error) {
	from, ok := peer.FromContext(r.Context())
	if !ok || from.Addr == nil {
		return netip.Addr{}, errors.New("no address")
	}
	ap, err := netip.ParseAddrPort(from.Addr.String())
	return ap.Addr(), err
}
