package httpguard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/rbac-go/rbac"
)

// state is what Handler found out about a request, for what runs further in. It is the context in which it is found.
type state struct {
	context.Context
	g          *Guard
	url        *url.URL   // as it was when it came in, before any prefix was stripped
	addr       netip.Addr // of the client; zero: unknown
	credential string     // what stands after Authorization: Bearer
	bearer     bool       // the request is judged by its credential, never by its cookie
	token      rbac.Token // of the ticket it came with, unless that is dead
	deadCookie bool       // its cookie is good for nothing
	err        error      // why there is no identity; then nothing is judged
}

// stateKey is bound to one Guard: another one's Handler proves nothing to this.
type stateKey struct{ g *Guard }

// Value is that of the context around it, but for the state itself.
func (st *state) Value(key any) any {
	if k, ok := key.(stateKey); ok && k.g == st.g {
		return st
	}
	return st.Context.Value(key)
}

// carrying returns the context of a request, or call, that carries what was found out about it.
func (st *state) carrying(ctx context.Context, id *rbac.Identity) context.Context {
	st.Context = ctx
	return rbac.NewContext(st, id)
}

func (g *Guard) state(r *http.Request) *state {
	st, _ := r.Context().Value(stateKey{g}).(*state)
	return st
}

// Token returns the token of the ticket that the request came with, in its cookie or
// as Authorization: Bearer. It is zero if there is none or it is
// dead, and where the request did not pass [Guard.Handler].
func (g *Guard) Token(r *http.Request) rbac.Token {
	if st := g.state(r); st != nil {
		return st.token
	}
	return rbac.Token{}
}

// begin reads what identifies the request. An ambiguous Authorization is
// an error: to fall back to the cookie would judge the request by what its sender did not mean.
func (g *Guard) begin(r *http.Request) (*state, error) {
	st := &state{g: g, url: r.URL, addr: g.clientAddr(r)}
	values := r.Header["Authorization"]
	switch len(values) {
	case 0:
		return st, nil
	case 1:
	default:
		return nil, errors.New("more than one Authorization header")
	}
	end := tokenChars.span(values[0])
	scheme, rest := values[0][:end], values[0][end:]
	if scheme == "" {
		return nil, errors.New("malformed Authorization header")
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return st, nil
	}
	st.bearer = true
	st.credential = strings.TrimLeft(rest, " ")
	if st.credential == rest || token68Chars.span(st.credential) < len(st.credential) {
		return nil, errors.New("malformed Authorization header")
	}
	return st, nil
}

const alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

var (
	tokenChars   = newCharset(alphanumerics + "!#$%&'*+-.^_`|~") // of a token (RFC 9110 §5.6.2)
	token68Chars = newCharset(alphanumerics + "-._~+/=")         // of credentials (RFC 9110 §11.2)
)

// charset is a set of ASCII characters.
type charset [256]bool

func newCharset(chars string) *charset {
	var set charset
	for _, c := range []byte(chars) {
		set[c] = true
	}
	return &set
}

// span is how many bytes s begins with that are in the set.
func (set *charset) span(s string) int {
	for i := range len(s) {
		if !set[s[i]] {
			return i
		}
	}
	return len(s)
}

func (g *Guard) clientAddr(r *http.Request) netip.Addr {
	addr, err := g.askAddr(r)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

func (g *Guard) askAddr(r *http.Request) (addr netip.Addr, err error) {
	if g.cfg.ClientAddr == nil {
		ap, err := netip.ParseAddrPort(r.RemoteAddr)
		return ap.Addr(), err
	}
	defer g.recovered("ClientAddr", &err)
	return g.cfg.ClientAddr(r)
}

// crossOrigin refuses what another site makes a browser send. Nothing adds an
// Authorization: Bearer by itself, so such a request was meant.
func (g *Guard) crossOrigin(r *http.Request, st *state) error {
	if st.bearer {
		return nil
	}
	if len(r.Header["Upgrade"]) > 0 {
		// A WebSocket begins with a GET, but is no harmless one: over it the
		// other site could both act and read.
		r = r.WithContext(r.Context())
		r.Method = http.MethodPost
	}
	return g.cfg.CrossOrigin.Check(r)
}

// identify returns nil where it sets st.err.
func (g *Guard) identify(r *http.Request, st *state) *rbac.Identity {
	id, err := g.identity(r, st)
	if err != nil {
		st.err = err
		return nil
	}
	return id.WithAddr(st.addr)
}

func (g *Guard) identity(r *http.Request, st *state) (*rbac.Identity, error) {
	t, presented := g.presented(r, st)
	if !t.IsZero() {
		id, err := g.a.Identify(r.Context(), t)
		if !errors.Is(err, rbac.ErrNoTicket) {
			st.token = t
			return id, unavailable(err)
		}
	}
	st.deadCookie = presented && !st.bearer
	if g.cfg.Identify != nil {
		if id, err := g.askIdentify(r); id != nil || err != nil {
			return id, err
		}
	}
	if st.bearer {
		return nil, rbac.ErrNoTicket
	}
	id, err := g.a.Identify(r.Context(), rbac.Token{})
	return id, unavailable(err)
}

// presented returns the token that the request shows, zero if it is not one, and whether it shows anything.
func (g *Guard) presented(r *http.Request, st *state) (rbac.Token, bool) {
	text := st.credential
	if !st.bearer {
		value, n := cookieNamed(r.Header["Cookie"], g.cfg.CookieName)
		switch n {
		case 0:
			return rbac.Token{}, false
		case 1:
			text = value
		default:
			// One of them was planted, and nothing tells which.
			return rbac.Token{}, true
		}
	}
	t, err := rbac.ParseToken(text)
	if err != nil {
		return rbac.Token{}, true
	}
	return t, true
}

// unavailable marks every error of the Authority as what it means here: that nothing is known.
func unavailable(err error) error {
	if err == nil || errors.Is(err, rbac.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", rbac.ErrUnavailable, err)
}

func (g *Guard) askIdentify(r *http.Request) (id *rbac.Identity, err error) {
	defer g.recovered("Identify", &err)
	id, err = g.cfg.Identify(r)
	if errors.Is(err, rbac.ErrNotFound) || errors.Is(err, rbac.ErrInvalid) {
		// No such user, which is not to be confused with no such page; or nothing that a user could be called.
		err = fmt.Errorf("%w: %v", rbac.ErrBadCredentials, err)
	}
	return id, err
}
