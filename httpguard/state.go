package httpguard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"golang.org/x/net/http/httpguts"
)

// state is what Handler found out about a request, for what runs further in.
type state struct {
	outer      *state // what another Handler further out found out
	g          *Guard
	url        *url.URL     // as it was when it came in, before any prefix was stripped
	addr       netip.Addr   // of the client; zero: unknown
	credential string       // what stands after Authorization: Bearer
	bearer     bool         // the request is judged by its credential, never by its cookie
	token      rbac.Token   // of the ticket it came with, unless that is dead
	rivals     []rbac.Token // of the tickets it came with, where several are living
	id         *rbac.Identity
	err        error // why there is no identity; then nothing is judged
}

// stateKey finds the state of the innermost Handler.
type stateKey struct{}

// carrying returns the context of a request, or call, that carries what was found out about it.
func (st *state) carrying(ctx context.Context) context.Context {
	st.outer, _ = ctx.Value(stateKey{}).(*state)
	return rbac.NewContext(context.WithValue(ctx, stateKey{}, st), st.id)
}

// state returns what this Guard's Handler found out; another one's proves nothing to it.
func (g *Guard) state(r *http.Request) *state {
	st, _ := r.Context().Value(stateKey{}).(*state)
	for st != nil && st.g != g {
		st = st.outer
	}
	return st
}

var errStranger = errors.New("httpguard: the context holds an Identity that the program made: return it from Config.Identify")

// identity returns the Identity by which the Guard judges a request with this
// context, as [Guard.Require] says.
func (st *state) identity(ctx context.Context) (*rbac.Identity, error) {
	id := rbac.FromContext(ctx)
	if id == st.id || id.BelongsTo(st.g.a) {
		return id, nil
	}
	inner, _ := ctx.Value(stateKey{}).(*state)
	if inner != nil && inner.g != st.g && inner.id == id {
		return st.id, nil // another Guard's finding, which may be that it could find nothing
	}
	switch {
	case id.ID() != uuid.Nil: // of another Authority: only these have one
		return st.id, nil
	case known(id):
		return nil, errStranger
	}
	return nil, nil
}

// own returns r with the Identity in its context by which this Guard judges it.
func (g *Guard) own(r *http.Request) *http.Request {
	st := g.state(r)
	if st == nil {
		return r
	}
	if id, _ := st.identity(r.Context()); id != rbac.FromContext(r.Context()) {
		return r.WithContext(rbac.NewContext(r.Context(), id))
	}
	return r
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
	rest := strings.TrimLeftFunc(values[0], httpguts.IsTokenRune)
	scheme := strings.TrimSuffix(values[0], rest)
	if scheme == "" {
		return nil, errors.New("malformed Authorization header")
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return st, nil
	}
	st.bearer = true
	st.credential = strings.TrimLeft(rest, " ")
	if st.credential == rest || strings.TrimLeftFunc(st.credential, isToken68Rune) != "" {
		return nil, errors.New("malformed Authorization header")
	}
	return st, nil
}

// isToken68Rune is for the characters of credentials (RFC 9110 §11.2).
func isToken68Rune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || isDigit(r) || strings.ContainsRune("-._~+/=", r)
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

// identify finds out who a request comes from: it sets either st.id or st.err.
func (g *Guard) identify(r *http.Request, st *state) {
	id, err := g.find(r, st)
	if err != nil {
		st.err = err
		return
	}
	st.id = id.WithAddr(st.addr)
}

func (g *Guard) find(r *http.Request, st *state) (*rbac.Identity, error) {
	if id, err := g.findTicket(r, st); id != nil || err != nil {
		return id, err
	}
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

// maxShown is how many tickets a request may show, in cookies of one name. Each costs
// a look at the store.
const maxShown = 4

// findTicket finds the one living ticket that the request shows, and nil if there
// is none. A cookie that is no living ticket of ours may be another service's, on the
// same host or with another path, and is ignored.
//
// Of two living tickets one may have been planted, and nothing says which: then
// neither counts.
func (g *Guard) findTicket(r *http.Request, st *state) (found *rbac.Identity, err error) {
	tokens := g.shown(r, st)
	if len(tokens) > maxShown {
		return nil, nil
	}
	for _, t := range tokens {
		id, err := g.a.Identify(r.Context(), t)
		if errors.Is(err, rbac.ErrNoTicket) {
			continue
		}
		if found != nil && err == nil {
			st.rivals = append(st.rivals, t)
			continue
		}
		found, st.token = id, t
		if err != nil {
			return nil, unavailable(err)
		}
	}
	if st.rivals != nil {
		st.rivals, st.token = append(st.rivals, st.token), rbac.Token{}
		return nil, nil
	}
	return found, nil
}

// shown returns the tokens that the request shows, each once.
func (g *Guard) shown(r *http.Request, st *state) (tokens []rbac.Token) {
	if st.bearer {
		return addToken(nil, st.credential)
	}
	for _, c := range r.CookiesNamed(g.cfg.CookieName) {
		if tokens = addToken(tokens, c.Value); len(tokens) > maxShown {
			break
		}
	}
	return tokens
}

// addToken appends the token with a text, unless the text is no token, or is there already.
func addToken(tokens []rbac.Token, text string) []rbac.Token {
	t, err := rbac.ParseToken(text)
	if err != nil || t.IsZero() || slices.ContainsFunc(tokens, func(o rbac.Token) bool { return o.Secret() == text }) {
		return tokens
	}
	return append(tokens, t)
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
