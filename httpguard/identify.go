package httpguard

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/network"
	"golang.org/x/net/http/httpguts"
)

// newState reads the client's address and Authorization. An ambiguous
// Authorization is an error: falling back to the cookie would judge the request
// by a credential that the sender did not mean.
func (g *Guard) newState(r *http.Request) (*requestState, error) {
	st := &requestState{g: g, url: boundedURL(r.URL)}
	st.addr, st.counted = g.clientAddr(r)
	values := r.Header["Authorization"]
	switch len(values) {
	case 0:
		return st, nil
	case 1:
	default:
		return nil, errors.New("more than one Authorization header was sent")
	}
	rest := strings.TrimLeftFunc(values[0], httpguts.IsTokenRune)
	scheme := strings.TrimSuffix(values[0], rest)
	if scheme == "" {
		return nil, errAuthorization
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return st, nil
	}
	st.bearer = true
	st.credential = strings.TrimLeft(rest, " ")
	if st.credential == rest || strings.TrimLeftFunc(st.credential, isToken68Rune) != "" {
		return nil, errAuthorization
	}
	return st, nil
}

var errAuthorization = errors.New("the Authorization header is malformed")

// isToken68Rune reports whether r may be in credentials (RFC 9110 §11.2).
func isToken68Rune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || isDigit(r) || strings.ContainsRune("-._~+/=", r)
}

// clientAddr returns the client's address, and the address by which failed
// logins are counted. If ClientAddr fails, the client has no address, and logins
// are counted by the address of the connection: otherwise a proxy that sends no
// address would switch the limits by address off.
func (g *Guard) clientAddr(r *http.Request) (addr, counted netip.Addr) {
	addr, err := g.callClientAddr(r)
	if err == nil {
		addr = network.Addr(addr)
		return addr, addr
	}
	if g.cfg.ClientAddr != nil && r.RemoteAddr != "" { // a Call has no connection
		g.warnNoAddr(r, err)
	}
	counted, _ = connectionAddr(r)
	return netip.Addr{}, network.Addr(counted)
}

// warnNoAddr logs once a minute that clients have no address.
func (g *Guard) warnNoAddr(r *http.Request, err error) {
	last, now := g.warnedNoAddr.Load(), time.Now()
	if last != nil && now.Sub(*last) < time.Minute || !g.warnedNoAddr.CompareAndSwap(last, &now) {
		return
	}
	g.logger().Warn("ClientAddr returns no address: clients count as one, and satisfy no FromNet", "remote", r.RemoteAddr, "error", err)
}

// connectionAddr returns the address of the connection, which is a proxy's
// behind a proxy.
func connectionAddr(r *http.Request) (netip.Addr, error) {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	return ap.Addr(), err
}

func (g *Guard) callClientAddr(r *http.Request) (addr netip.Addr, err error) {
	if g.cfg.ClientAddr == nil {
		return connectionAddr(r)
	}
	defer g.recoverPanic("ClientAddr", &err)
	return g.cfg.ClientAddr(r)
}

// checkOrigin refuses requests that another site makes a browser send. No
// browser adds an Authorization: Bearer by itself, so requests with a Bearer
// token pass.
func (g *Guard) checkOrigin(r *http.Request, st *requestState) error {
	if st.bearer {
		return nil
	}
	if len(r.Header["Upgrade"]) > 0 {
		// A WebSocket begins with a GET. Over the WebSocket the other site
		// could both act and read.
		r = r.WithContext(r.Context())
		r.Method = http.MethodPost
	}
	if origin := r.Header.Get("Origin"); g.cfg.Site != "" && origin != "" && origin != g.cfg.Site && r.Header.Get("Sec-Fetch-Site") == "" {
		// CrossOriginProtection would compare the Origin with the Host, which a
		// proxy may have changed to the address of the service behind it.
		r = r.Clone(r.Context())
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if g.cfg.CrossOrigin.Check(r) != nil {
			return errOrigin
		}
		return nil
	}
	return g.cfg.CrossOrigin.Check(r)
}

var errOrigin = errors.New("the request comes from a page of another address")

// identify sets either st.id or st.err.
func (g *Guard) identify(r *http.Request, st *requestState) {
	id, err := g.findIdentity(r, st)
	if err != nil {
		st.err = err
		return
	}
	st.id = id.WithAddr(st.addr)
}

// identifyLatest is identify, as of the revision of the request. Only a known
// user waits, so the first identify may have read an earlier revision. Whether
// it has is decided before: the revision may be reached meanwhile.
func (g *Guard) identifyLatest(r *http.Request, st *requestState) {
	rev := g.requestRevision(r)
	reached := rev <= g.a.Revision()
	g.identify(r, st)
	if !reached && (st.known() || st.ambiguous != nil) {
		g.awaitRevision(r, rev)
		st.token, st.ambiguous, st.use, st.id, st.err = rbac.Token{}, nil, nil, nil, nil
		g.identify(r, st)
	}
}

func (g *Guard) findIdentity(r *http.Request, st *requestState) (*rbac.Identity, error) {
	if id, err := g.identifyTicket(r, st); id != nil || err != nil {
		return id, err
	}
	if g.cfg.Identify != nil {
		if id, err := g.callIdentify(r); id != nil || err != nil {
			return id, err
		}
	}
	if st.bearer {
		return nil, rbac.ErrNoTicket
	}
	id, err := g.a.Identify(r.Context(), rbac.Token{})
	return id, asUnavailable(err)
}

// maxTokens limits the tickets of a request in cookies of one name. Each ticket
// costs a lookup in the store.
const maxTokens = 4

// identifyTicket returns the Identity of the request's live ticket, or nil
// without one. A cookie without a live ticket may belong to another service, on
// the same host or with another path, and is ignored. The use of the ticket is
// counted later; see countUse.
//
// Of two live tickets one may have been planted, and the Guard cannot know
// which: neither counts.
func (g *Guard) identifyTicket(r *http.Request, st *requestState) (found *rbac.Identity, err error) {
	tokens := g.requestTokens(r, st)
	if len(tokens) > maxTokens {
		return nil, nil
	}
	for _, t := range tokens {
		id, use, err := g.a.IdentifyUnused(r.Context(), t)
		if errors.Is(err, rbac.ErrNoTicket) {
			continue
		}
		if found != nil && err == nil {
			st.ambiguous = append(st.ambiguous, t)
			continue
		}
		found, st.token, st.use = id, t, use
		if err != nil {
			return nil, asUnavailable(err)
		}
	}
	if st.ambiguous != nil {
		st.ambiguous, st.token, st.use = append(st.ambiguous, st.token), rbac.Token{}, nil
		return nil, nil
	}
	return found, nil
}

// requestTokens returns the distinct tokens of a request, at most one more than
// maxTokens.
func (g *Guard) requestTokens(r *http.Request, st *requestState) (tokens []rbac.Token) {
	if st.bearer {
		return addToken(nil, st.credential)
	}
	for _, c := range r.CookiesNamed(g.cfg.CookieName) {
		if tokens = addToken(tokens, c.Value); len(tokens) > maxTokens {
			break
		}
	}
	return tokens
}

// addToken appends the token with the given text, unless the text is not a
// token or tokens contains it.
func addToken(tokens []rbac.Token, text string) []rbac.Token {
	t, err := rbac.ParseToken(text)
	if err != nil || t.IsZero() || slices.ContainsFunc(tokens, func(o rbac.Token) bool { return o.Secret() == text }) {
		return tokens
	}
	return append(tokens, t)
}

// asUnavailable wraps errors of the Authority in ErrUnavailable: the client
// could not be identified.
func asUnavailable(err error) error {
	if err == nil || errors.Is(err, rbac.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", rbac.ErrUnavailable, err)
}

func (g *Guard) callIdentify(r *http.Request) (id *rbac.Identity, err error) {
	defer g.recoverPanic("Identify", &err)
	id, err = g.cfg.Identify(r)
	if errors.Is(err, rbac.ErrNotFound) || errors.Is(err, rbac.ErrInvalid) {
		// An unknown user is no missing page, and an impossible user name no
		// invalid form.
		err = fmt.Errorf("%w: %v", rbac.ErrBadCredentials, err)
	}
	return id, err
}
