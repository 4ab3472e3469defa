package adapters

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

// text is the only message type of the test's services.
type text = wrapperspb.StringValue

// rules are the procedures, and the predicates that callers must meet. The
// procedure /test.Reports/Forgotten has no rule.
var rules = map[string]rbac.Predicate{
	"/test.Reports/Read":  mayRead,
	"/test.Reports/Chat":  mayRead,
	"/test.Reports/Hello": everybody,
	"/test.Reports/Local": rbac.FromNet(netip.MustParsePrefix("127.0.0.0/8")),
}

// reports is a service written by hand. Its methods answer with the name of the
// caller. Chat is a stream that judges every message.
func reports(guard *httpguard.Guard) *grpc.ServiceDesc {
	unary := func(name string) grpc.MethodDesc {
		return grpc.MethodDesc{MethodName: name, Handler: func(_ any, ctx context.Context, decode func(any) error, in grpc.UnaryServerInterceptor) (any, error) {
			req := new(text)
			if err := decode(req); err != nil {
				return nil, err
			}
			return in(ctx, req, &grpc.UnaryServerInfo{FullMethod: "/test.Reports/" + name}, func(ctx context.Context, _ any) (any, error) {
				return wrapperspb.String("secret for " + rbac.FromContext(ctx).User()), nil
			})
		}}
	}
	chat := func(_ any, s grpc.ServerStream) error { return grpcChat(guard, s) }
	return &grpc.ServiceDesc{
		ServiceName: "test.Reports", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{unary("Read"), unary("Hello"), unary("Local"), unary("Forgotten")},
		Streams: []grpc.StreamDesc{{StreamName: "Chat", Handler: chat, ServerStreams: true, ClientStreams: true},
			{StreamName: "ForgottenChat", Handler: chat, ServerStreams: true, ClientStreams: true}},
	}
}

func grpcChat(guard *httpguard.Guard, s grpc.ServerStream) error {
	for {
		req := new(text)
		if err := s.RecvMsg(req); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := grpcStill(guard, s, "/test.Reports/Chat", mayRead); err != nil {
			return err
		}
		if err := s.SendMsg(wrapperspb.String(req.Value + " for " + rbac.FromContext(s.Context()).User())); err != nil {
			return err
		}
	}
}

func dialGRPC(t *testing.T, guard *httpguard.Guard) *grpc.ClientConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(grpc.UnaryInterceptor(grpcUnary(guard, rules)), grpc.StreamInterceptor(grpcStreams(guard, rules)))
	s.RegisterService(reports(guard), nil)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	c, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// calls are cases: a user calls a procedure with some metadata, and the answer
// has a code. The tests of Connect run the same cases.
var calls = []struct {
	rule, user, procedure string
	header                []string // name, value, …
	want                  codes.Code
	text                  string
}{
	{"who has the permission may call", "bob", "Read", nil, codes.OK, "secret for bob"},
	{"who has another one may not", "amy", "Read", nil, codes.PermissionDenied, "report.read"},
	{"who is not logged in may not", "", "Read", nil, codes.Unauthenticated, "You must sign in first."},
	{"what is for everybody is for nobody in particular, too", "", "Hello", nil, codes.OK, "secret for "},
	{"a dead ticket is no anonymous caller", "", "Hello", []string{"authorization", "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, codes.Unauthenticated, ""},
	{"nor is what is no ticket", "", "Hello", []string{"authorization", "Bearer x"}, codes.Unauthenticated, ""},
	{"a Bearer of nothing is refused", "", "Hello", []string{"authorization", "Bearer"}, codes.Unauthenticated, ""},
	{"two credentials are none", "bob", "Read", []string{"authorization", "Bearer x"}, codes.Unauthenticated, ""},
	{"a procedure without a rule is for nobody", "", "Forgotten", nil, codes.Unauthenticated, ""},
	{"not for the superuser either", "root", "Forgotten", nil, codes.PermissionDenied, ""},
	{"another site may not post with a cookie", "", "Hello", []string{"origin", "https://evil.example"}, codes.PermissionDenied, ""},
	{"nor where the browser says so", "", "Hello", []string{"sec-fetch-site", "cross-site"}, codes.PermissionDenied, ""},
}

func TestGRPC(t *testing.T) {
	for _, c := range calls {
		a := rbactest.World(t, world)
		conn := dialGRPC(t, newGuard(a, httpguard.Config{}))
		ctx := outgoing(t, a, c.user, c.header...)
		got := new(text)
		err := conn.Invoke(ctx, "/test.Reports/"+c.procedure, wrapperspb.String(""), got)
		if status.Code(err) != c.want || !strings.Contains(got.Value+status.Convert(err).Message(), c.text) {
			t.Errorf("%s: %s by %q gives %v and %q, want %v and %q", c.rule, c.procedure, c.user, err, got.Value, c.want, c.text)
		}
		if err != nil && strings.Contains(err.Error()+got.Value, "secret for") {
			t.Errorf("%s: the secret is out", c.rule)
		}
	}
}

func outgoing(t *testing.T, a *rbac.Authority, user string, header ...string) context.Context {
	ctx := t.Context()
	if user != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", bearer(t, a, user))
	}
	return metadata.AppendToOutgoingContext(ctx, header...)
}

func TestGRPCByCookie(t *testing.T) {
	a := rbactest.World(t, world)
	conn := dialGRPC(t, newGuard(a, httpguard.Config{}))
	cookie := "ticket=" + strings.TrimPrefix(bearer(t, a, "bob"), "Bearer ")
	for _, c := range []struct {
		rule   string
		header []string
		want   codes.Code
	}{
		{"a cookie is as good as a Bearer token", []string{"cookie", cookie}, codes.OK},
		{"but not beside one", []string{"cookie", cookie, "authorization", bearer(t, a, "amy")}, codes.PermissionDenied},
		{"nor for another site", []string{"cookie", cookie, "sec-fetch-site", "cross-site"}, codes.PermissionDenied},
		{"one's own site may use it", []string{"cookie", cookie, "sec-fetch-site", "same-origin"}, codes.OK},
	} {
		err := conn.Invoke(outgoing(t, a, "", c.header...), "/test.Reports/Read", wrapperspb.String(""), new(text))
		if status.Code(err) != c.want {
			t.Errorf("%s: %v, want %v", c.rule, err, c.want)
		}
	}
}

func TestGRPCWithoutStore(t *testing.T) {
	a := rbactest.World(t, world)
	conn := dialGRPC(t, newGuard(a, httpguard.Config{}))
	ctx := outgoing(t, a, "bob")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for _, procedure := range []string{"Read", "Hello", "Forgotten"} {
		err := conn.Invoke(ctx, "/test.Reports/"+procedure, wrapperspb.String(""), new(text))
		if status.Code(err) != codes.Unavailable {
			t.Errorf("%s without a store gives %v", procedure, err)
		}
	}
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/test.Reports/Chat")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RecvMsg(new(text)); status.Code(err) != codes.Unavailable {
		t.Errorf("a stream without a store gives %v", err)
	}
}

// The caller has an address only if ClientAddr returns the address.
func TestGRPCAddress(t *testing.T) {
	for want, ask := range map[codes.Code]func(*http.Request) (netip.Addr, error){codes.Unauthenticated: nil, codes.OK: grpcAddr} {
		a := rbactest.World(t, world)
		conn := dialGRPC(t, newGuard(a, httpguard.Config{ClientAddr: ask}))
		if err := conn.Invoke(t.Context(), "/test.Reports/Local", wrapperspb.String(""), new(text)); status.Code(err) != want {
			t.Errorf("a call from this machine gives %v, want %v", err, want)
		}
	}
	if addr, err := grpcAddr((&http.Request{}).WithContext(peer.NewContext(t.Context(), &peer.Peer{}))); err == nil {
		t.Errorf("a peer without address has %v", addr)
	}
}

// A caller without the right is refused before the handler of the stream runs.
// A caller who loses the right is refused at the next message.
func TestGRPCStreams(t *testing.T) {
	for _, c := range []struct {
		user, procedure string
		want            codes.Code
	}{
		{"bob", "Chat", codes.OK}, {"amy", "Chat", codes.PermissionDenied}, {"", "Chat", codes.Unauthenticated}, {"root", "ForgottenChat", codes.PermissionDenied},
	} {
		a := rbactest.World(t, world)
		s, err := dialGRPC(t, newGuard(a, httpguard.Config{})).NewStream(outgoing(t, a, c.user), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/test.Reports/"+c.procedure)
		if err != nil {
			t.Fatal(err)
		}
		err = say(s, "secret")
		if status.Code(err) != c.want {
			t.Errorf("%s by %q gives %v, want %v", c.procedure, c.user, err, c.want)
		}
		if c.want != codes.OK {
			continue
		}
		if _, err := a.LogoutUser(t.Context(), c.user); err != nil {
			t.Fatal(err)
		}
		if err := say(s, "more"); status.Code(err) != codes.Unauthenticated {
			t.Errorf("after the logout the stream gives %v", err)
		}
	}
}

// say sends a message and waits for the answer.
func say(s grpc.ClientStream, words string) error {
	if err := s.SendMsg(wrapperspb.String(words)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	answer := new(text)
	if err := s.RecvMsg(answer); err != nil {
		return err
	}
	if answer.Value != words+" for bob" {
		return errors.New("the answer is " + answer.Value)
	}
	return nil
}
