package adapters

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

// News is a stream on which the server says one word, and nothing more.
const newsMethod = "/test.Reports/News"

var newsRules = map[string]rbac.Predicate{newsMethod: mayRead}

// grpcNews returns a function that opens the stream for bob, and returns a
// function that waits for the next message.
func grpcNews(t *testing.T, a *rbac.Authority, guard *httpguard.Guard) (next func() error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.StreamInterceptor(grpcStreams(guard, newsRules)))
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "test.Reports", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{
		StreamName: "News", ServerStreams: true,
		Handler: func(_ any, s grpc.ServerStream) error {
			ctx := whileAllowed(s.Context(), a, guard, func(ctx context.Context) error {
				return grpcStill(guard, grpcStream{s, ctx}, newsMethod, mayRead)
			})
			if err := s.SendMsg(wrapperspb.String("hello")); err != nil {
				return err
			}
			<-ctx.Done()
			return context.Cause(ctx)
		},
	}}}, nil)
	go server.Serve(l)
	t.Cleanup(server.Stop)
	client, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	ctx, cancel := context.WithTimeout(outgoing(t, a, "bob"), patience)
	t.Cleanup(cancel)
	s, err := client.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, newsMethod)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.SendMsg(wrapperspb.String("")), s.CloseSend()); err != nil {
		t.Fatal(err)
	}
	return func() error { return s.RecvMsg(new(text)) }
}

// connectNews is grpcNews for Connect, behind Handler.
func connectNews(t *testing.T, a *rbac.Authority, guard *httpguard.Guard) (next func() error) {
	mux := http.NewServeMux()
	mux.Handle(newsMethod, connect.NewServerStreamHandler(newsMethod, func(ctx context.Context, req *connect.Request[text], s *connect.ServerStream[text]) error {
		ctx = whileAllowed(ctx, a, guard, func(ctx context.Context) error {
			_, err := guard.Call(ctx, newsMethod, req.Header(), mayRead)
			return err
		})
		if err := s.Send(wrapperspb.String("hello")); err != nil {
			return err
		}
		<-ctx.Done()
		err := context.Cause(ctx)
		return connect.NewError(connect.Code(httpguard.RPCCode(err)), err)
	}, connect.WithInterceptors(connectGuard{connectUnary(guard, newsRules), guard, newsRules})))
	server := httptest.NewUnstartedServer(guard.Handler(mux))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	s, err := connectClient(t, server.URL, "News").CallServerStream(ctx, connectRequest(t, a, "bob"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return func() error {
		if s.Receive() {
			return nil
		}
		return s.Err()
	}
}

// A stream on which nobody says anything ends when its caller loses the right or
// the ticket.
func TestSilentStreamsEnd(t *testing.T) {
	type open = func(*testing.T, *rbac.Authority, *httpguard.Guard) func() error
	for library, open := range map[string]open{"gRPC": grpcNews, "Connect": connectNews} {
		for rule, c := range map[string]struct {
			end  func(context.Context, *rbac.Authority) error
			want codes.Code
		}{
			"logged out": {func(ctx context.Context, a *rbac.Authority) error { _, err := a.LogoutUser(ctx, "bob"); return err }, codes.Unauthenticated},
			"the membership is taken": {func(ctx context.Context, a *rbac.Authority) error {
				return a.Update(ctx, func(tx *rbac.Tx) error {
					return tx.DeassignUser(rbac.Membership{User: "bob", Group: "reader"})
				})
			}, codes.PermissionDenied},
			"nobody can decide": {func(_ context.Context, a *rbac.Authority) error { return a.Close() }, codes.Unavailable},
		} {
			t.Run(library+" "+rule, func(t *testing.T) {
				a := rbactest.World(t, world)
				next := open(t, a, newGuard(a, httpguard.Config{}))
				if err := next(); err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				if err := c.end(t.Context(), a); err != nil {
					t.Fatal(err)
				}
				err := next()
				got := status.Code(err)
				if library == "Connect" {
					got = connectCode(err)
				}
				if got != c.want {
					t.Errorf("after %v the stream ends with %v, want %v", time.Since(begin), err, c.want)
				}
			})
		}
	}
}
