package httpguard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// TestCall lists the metadata of a call, the rule, and the code.
func TestCall(t *testing.T) {
	everybody := rbac.Any(rbac.IsAnonymous(), rbac.NotAnonymous())
	amy := rbac.HasPermission("amy")
	for _, c := range []struct {
		rule   string
		header map[string][]string
		p      rbac.Predicate
		want   uint32
		text   string
	}{
		{"who meets the rule", map[string][]string{"x-who": {"amy"}}, amy, 0, ""},
		{"who does not", map[string][]string{"x-who": {"bob"}}, amy, 7, "needs amy"},
		{"nobody", nil, amy, 16, "You must sign in first."},
		{"nobody, where everybody may", nil, everybody, 0, ""},
		{"no rule", map[string][]string{"x-who": {"amy"}}, nil, 7, ""},
		{"no rule for nobody", nil, nil, 16, ""},
		{"a message is for who is known", map[string][]string{"x-who": {"bob"}}, rbac.WithMessage(amy, "Ask Amy"), 7, "Ask Amy"},
		{"and not for a stranger", nil, rbac.WithMessage(amy, "Ask Amy"), 16, "You must sign in first."},
		{"a Bearer that is nobody's", map[string][]string{"authorization": {"Bearer x"}}, everybody, 16, ""},
		{"two of them", map[string][]string{"x-who": {"amy"}, "authorization": {"Bearer x", "Bearer x"}}, everybody, 16, ""},
		{"two of them in two cases", map[string][]string{"x-who": {"amy"}, "authorization": {"Basic x"}, "Authorization": {"Basic x"}}, everybody, 16, ""},
		{"another site", map[string][]string{"x-who": {"amy"}, "sec-fetch-site": {"cross-site"}}, amy, 7, ""},
		{"another site by Origin", map[string][]string{"x-who": {"amy"}, "origin": {"https://evil.example"}, ":authority": {"example.com"}}, amy, 7, ""},
		{"one's own by Origin", map[string][]string{"x-who": {"amy"}, "origin": {"https://example.com"}, ":authority": {"example.com"}}, amy, 0, ""},
		{"the store is away", map[string][]string{"x-who": {"down"}}, amy, 14, ""},
		{"a panic", map[string][]string{"x-who": {"panic"}}, everybody, 13, "Something went wrong"},
		{"an invalid name is nobody's", map[string][]string{"x-who": {"invalid"}}, everybody, 16, ""},
		{"a disabled user", map[string][]string{"x-who": {"disabled"}}, everybody, 16, ""},
		{"a login of yesterday", map[string][]string{"x-who": {"tired"}}, rbac.AuthenticatedWithin(time.Hour), 16, "needs a login within the last 1h"},
	} {
		ctx, err := guardByHeader(Config{Identify: byTroubledHeader}).Call(t.Context(), "/a.B/C", c.header, c.p)
		if got := RPCCode(err); got != c.want || (err == nil) != (c.want == 0) || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v with code %d, want %d with %q", c.rule, err, got, c.want, c.text)
		}
		if (ctx == nil) != (err != nil) {
			t.Errorf("%s: the context is %v with the error %v", c.rule, ctx, err)
		}
		if err == nil && len(c.header) > 0 && rbac.FromContext(ctx).User() != "amy" {
			t.Errorf("%s: the context is that of %v", c.rule, rbac.FromContext(ctx))
		}
	}
}

func byTroubledHeader(r *http.Request) (*rbac.Identity, error) {
	switch r.Header.Get("X-Who") {
	case "down":
		return nil, rbac.ErrUnavailable
	case "panic":
		panic("x")
	case "invalid":
		return nil, &rbac.Error{Kind: rbac.ErrInvalid}
	case "disabled":
		return nil, &rbac.Error{Kind: rbac.ErrDenied}
	case "tired":
		return rbac.NewIdentity("tired", nil, nil).WithAuthenticatedAt(time.Now().AddDate(0, 0, -1)), nil
	}
	return byHeader(r)
}

// TestCallRequest: Identify gets the call as a request.
func TestCallRequest(t *testing.T) {
	type key struct{}
	var got *http.Request
	g := guardByHeader(Config{Identify: func(r *http.Request) (*rbac.Identity, error) { got = r; return nil, nil }})
	header := map[string][]string{":authority": {"example.com"}, "x-a": {"1", "2"}}
	if _, err := g.Call(context.WithValue(t.Context(), key{}, "v"), "/a.B/C", header, rbac.IsAnonymous()); err != nil {
		t.Fatal(err)
	}
	if got.Method != "POST" || got.URL.Path != "/a.B/C" || got.Host != "example.com" || fmt.Sprint(got.Header) != "map[X-A:[1 2]]" || got.RemoteAddr != "" || got.Context().Value(key{}) != "v" {
		t.Errorf("Identify was asked about %+v", got)
	}
	if len(header) != 2 || len(header["x-a"]) != 2 {
		t.Errorf("the metadata was changed to %v", header)
	}
}

// TestCallLooksAnew: a call inside a request or another call is judged by the
// metadata of the call itself, and has the address of the request.
func TestCallLooksAnew(t *testing.T) {
	g := guardByHeader(Config{})
	local := rbac.FromNet(netip.MustParsePrefix("192.0.2.0/24")) // httptest's
	page := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for rule, c := range map[string]struct {
			header map[string][]string
			p      rbac.Predicate
			want   uint32
		}{
			"who the request is of does not count": {nil, rbac.HasPermission("amy"), 16},
			"who the call is of does":              {map[string][]string{"X-Who": {"bob"}}, rbac.HasPermission("bob"), 0},
			"the address is the request's":         {map[string][]string{"X-Who": {"bob"}}, local, 0},
			"its origin has been looked at":        {map[string][]string{"X-Who": {"bob"}, "Origin": {"http://example.com"}}, rbac.NotAnonymous(), 0},
		} {
			ctx, err := g.Call(r.Context(), "/a.B/C", c.header, c.p)
			if RPCCode(err) != c.want {
				t.Errorf("%s: %v, want %d", rule, err, c.want)
			}
			if err != nil {
				continue
			}
			if _, err := g.Call(ctx, "/a.B/C", map[string][]string{"X-Who": {"amy"}}, rbac.HasPermission("bob")); RPCCode(err) != 7 {
				t.Errorf("%s: a call within it gives %v", rule, err)
			}
		}
	})
	serve(g.Handler(page), request(t, "GET /", "X-Who: amy"))
	if _, err := g.Call(t.Context(), "/a.B/C", nil, local); RPCCode(err) != 16 {
		t.Errorf("a call without an address gives %v", err)
	}
}

func TestRPCCode(t *testing.T) {
	denied := func(id *rbac.Identity) error {
		return fmt.Errorf("wrapped: %w", rbac.Check(id, rbac.HasPermission("x")))
	}
	for _, c := range []struct {
		err  error
		want uint32
	}{
		{nil, 0},
		{denied(rbac.NewIdentity("amy", nil, nil)), 7},
		{denied(rbac.NewIdentity("", nil, nil)), 16},
		{denied(nil), 16},
		{rbac.ErrDenied, 7},
		{rbac.ErrNoTicket, 16},
		{rbac.ErrBadCredentials, 16},
		{rbac.ErrUnavailable, 14},
		{rbac.ErrBusy, 14},
		{rbac.ErrNotFound, 5},
		{&rbac.ThrottledError{}, 8},
		{rbac.ErrExists, 6},
		{rbac.ErrConflict, 10},
		{&rbac.ConflictError{}, 10},
		{rbac.ErrProtected, 9},
		{rbac.ErrSeparation, 9},
		{rbac.ErrCycle, 9},
		{rbac.ErrInvalid, 3},
		{rbac.ErrTxDone, 13},
		{rbac.ErrReadOnly, 13},
		{errors.New("x"), 13},
	} {
		if got := RPCCode(c.err); got != c.want {
			t.Errorf("%v has code %d, want %d", c.err, got, c.want)
		}
	}
}
