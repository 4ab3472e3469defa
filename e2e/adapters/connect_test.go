package adapters

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

func serveConnect(t *testing.T, guard *httpguard.Guard, outermost func(http.Handler) http.Handler) string {
	t.Helper()
	mux := http.NewServeMux()
	guarded := connect.WithInterceptors(connectGuard{connectUnary(guard, rules), guard, rules})
	for _, name := range []string{"Read", "Hello", "Local", "Forgotten"} {
		mux.Handle("/test.Reports/"+name, connect.NewUnaryHandler("/test.Reports/"+name, func(ctx context.Context, _ *connect.Request[text]) (*connect.Response[text], error) {
			return connect.NewResponse(wrapperspb.String("secret for " + rbac.FromContext(ctx).User())), nil
		}, guarded))
	}
	for _, name := range []string{"Chat", "ForgottenChat"} {
		mux.Handle("/test.Reports/"+name, connect.NewBidiStreamHandler("/test.Reports/"+name, func(ctx context.Context, s *connect.BidiStream[text, text]) error {
			return connectChat(ctx, guard, s)
		}, guarded))
	}
	s := httptest.NewUnstartedServer(outermost(mux))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

func connectChat(ctx context.Context, guard *httpguard.Guard, s *connect.BidiStream[text, text]) error {
	for {
		req, err := s.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := guard.Call(ctx, s.Spec().Procedure, s.RequestHeader(), mayRead); err != nil {
			return connect.NewError(connect.Code(httpguard.RPCCode(err)), err)
		}
		if err := s.Send(wrapperspb.String(req.Value + " for " + rbac.FromContext(ctx).User())); err != nil {
			return err
		}
	}
}

// connectClient returns a client that speaks HTTP/2 without TLS. Streams in
// both directions need HTTP/2.
func connectClient(t *testing.T, base, procedure string, options ...connect.ClientOption) *connect.Client[text, text] {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return connect.NewClient[text, text](&http.Client{Transport: transport}, base+"/test.Reports/"+procedure, options...)
}

// connectCode returns the code of an error, or 0 for nil.
func connectCode(err error) codes.Code {
	if err == nil {
		return codes.OK
	}
	return codes.Code(connect.CodeOf(err))
}

// Connect gives the same answers as gRPC, in all three protocols, by itself and
// behind Handler.
func TestConnect(t *testing.T) {
	protocols := map[string][]connect.ClientOption{"connect": nil, "gRPC": {connect.WithGRPC()}, "gRPC-Web": {connect.WithGRPCWeb()}, "JSON": {connect.WithProtoJSON()}}
	for protocol, options := range protocols {
		for _, c := range calls {
			a := rbactest.World(t, world)
			guard := newGuard(a, httpguard.Config{})
			base := serveConnect(t, guard, func(h http.Handler) http.Handler { return h })
			got, err := connectClient(t, base, c.procedure, options...).CallUnary(t.Context(), connectRequest(t, a, c.user, c.header...))
			answer := ""
			if err == nil {
				answer = got.Msg.Value
			}
			if connectCode(err) != c.want || !strings.Contains(answer+messageOf(err), c.text) {
				t.Errorf("%s: %s: %s by %q gives %v and %q, want %v and %q", protocol, c.rule, c.procedure, c.user, err, answer, c.want, c.text)
			}
			if strings.Contains(messageOf(err), "secret for") {
				t.Errorf("%s: the secret is out", c.rule)
			}
		}
	}
}

func messageOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func connectRequest(t *testing.T, a *rbac.Authority, user string, header ...string) *connect.Request[text] {
	req := connect.NewRequest(wrapperspb.String(""))
	addHeader(req.Header(), t, a, user, header...)
	return req
}

func addHeader(h http.Header, t *testing.T, a *rbac.Authority, user string, header ...string) {
	if user != "" {
		h.Add("Authorization", bearer(t, a, user))
	}
	for i := 0; i+1 < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
}

func TestConnectBehindHandler(t *testing.T) {
	for _, c := range []struct {
		rule, user, procedure string
		header                []string
		want                  codes.Code
	}{
		{"who may call, may call", "bob", "Read", nil, codes.OK},
		{"who may not, may not", "amy", "Read", nil, codes.PermissionDenied},
		{"who is not logged in may not", "", "Read", nil, codes.Unauthenticated},
		{"a procedure without a rule is for nobody", "root", "Forgotten", nil, codes.PermissionDenied},
		{"the address is the connection's", "", "Local", nil, codes.OK},
		{"another site may not post", "", "Hello", []string{"Origin", "https://evil.example"}, codes.PermissionDenied},
		{"one's own site may", "", "Hello", []string{"Sec-Fetch-Site", "same-origin"}, codes.OK},
	} {
		a := rbactest.World(t, world)
		guard := newGuard(a, httpguard.Config{})
		base := serveConnect(t, guard, guard.Handler)
		_, err := connectClient(t, base, c.procedure).CallUnary(t.Context(), connectRequest(t, a, c.user, c.header...))
		if connectCode(err) != c.want {
			t.Errorf("%s: %s by %q gives %v, want %v", c.rule, c.procedure, c.user, err, c.want)
		}
	}
}

func TestConnectWithoutStore(t *testing.T) {
	for _, procedure := range []string{"Read", "Hello", "Forgotten", "Chat", "ForgottenChat"} {
		a := rbactest.World(t, world)
		guard := newGuard(a, httpguard.Config{})
		client := connectClient(t, serveConnect(t, guard, guard.Handler), procedure)
		req := connectRequest(t, a, "bob")
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		var err error
		if strings.HasSuffix(procedure, "Chat") {
			s := client.CallBidiStream(t.Context())
			s.RequestHeader().Set("Authorization", req.Header().Get("Authorization"))
			err = converse(s, "secret")
		} else {
			_, err = client.CallUnary(t.Context(), req)
		}
		if connectCode(err) != codes.Unavailable {
			t.Errorf("%s without a store gives %v", procedure, err)
		}
	}
}

// A caller without the right is refused before the handler of the stream runs.
// A caller who loses the right is refused at the next message, also behind
// Handler, which judges only once.
func TestConnectStreams(t *testing.T) {
	for _, c := range []struct {
		user, procedure string
		want            codes.Code
	}{
		{"bob", "Chat", codes.OK}, {"amy", "Chat", codes.PermissionDenied}, {"", "Chat", codes.Unauthenticated}, {"root", "ForgottenChat", codes.PermissionDenied},
	} {
		a := rbactest.World(t, world)
		guard := newGuard(a, httpguard.Config{})
		s := connectClient(t, serveConnect(t, guard, guard.Handler), c.procedure).CallBidiStream(t.Context())
		addHeader(s.RequestHeader(), t, a, c.user)
		if err := converse(s, "secret"); connectCode(err) != c.want {
			t.Errorf("%s by %q gives %v, want %v", c.procedure, c.user, err, c.want)
		}
		if c.want != codes.OK {
			continue
		}
		if _, err := a.LogoutUser(t.Context(), c.user); err != nil {
			t.Fatal(err)
		}
		if err := converse(s, "more"); connectCode(err) != codes.Unauthenticated {
			t.Errorf("after the logout the stream gives %v", err)
		}
	}
}

// converse sends a message and waits for the answer.
func converse(s *connect.BidiStreamForClient[text, text], words string) error {
	if err := s.Send(wrapperspb.String(words)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	answer, err := s.Receive()
	if err != nil {
		return err
	}
	if answer.Value != words+" for bob" {
		return errors.New("the answer is " + answer.Value)
	}
	return nil
}
