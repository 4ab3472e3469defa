package httpguard

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/rbac-go/rbac"
)

// Call is Handler and Require in one for calls that are no requests of net/http, such as those of gRPC and Connect. It finds
// out who the call comes from, by its metadata, and judges them by p. A nil p admits nobody, so a table of rules
// by procedure admits nobody to what it does not have.
//
// When it allows, the returned context carries the Identity, for [rbac.FromContext]. Otherwise the context is nil and
// the error has a text that can be shown to the caller and, for [RPCCode], a code; it wraps what was decided, as for [Guard.Deny].
//
// The names in header may be in any case, and ":authority" is the host. What is said of Authorization, the cookie, cross-origin requests and
// Config.Identify holds here, too; Identify and ClientAddr get a POST request with the header, the procedure
// as its path, and ctx, but without an address of the connection: to use FromNet, let ClientAddr take it from the context.
//
// A call that shows a revision in its metadata, under [RevisionHeader] in any case, waits for it as a request does. Nothing is sent back by
// Call: what serves it sends [rbac.Authority.Revision] under that name with its answer, and the client sends it along with its next calls.
//
// Everything is found out anew at each call, also where ctx has passed Handler, whose client
// address and cross-origin check then count. So for a long stream use Call again, with the context that the stream began with, for each message.
func (g *Guard) Call(ctx context.Context, procedure string, header map[string][]string, p rbac.Predicate) (context.Context, error) {
	r := restored(callRequest(ctx, procedure, header))
	outer := g.state(r)
	st, err := g.begin(r)
	if err != nil {
		return nil, g.refuseCall(r, http.StatusUnauthorized, err)
	}
	if outer != nil {
		st.addr = outer.addr
	} else if err := g.crossOrigin(r, st); err != nil {
		return nil, g.refuseCall(r, http.StatusForbidden, err)
	} else {
		g.awaitRevision(r)
	}
	g.identify(r, st)
	ctx = st.carrying(ctx)
	r = r.WithContext(ctx)
	if err := g.judge(r, func(*http.Request) (rbac.Predicate, error) { return p, nil }); err != nil {
		return nil, g.refuseCall(r, denialStatus(r, err), err)
	}
	return ctx, nil
}

// callRequest writes a call as a request. Names that differ in case only are one, so
// that a second Authorization is seen.
func callRequest(ctx context.Context, procedure string, header map[string][]string) *http.Request {
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: procedure}, RequestURI: procedure,
		Proto: "HTTP/2.0", ProtoMajor: 2, Header: http.Header{}, Body: http.NoBody}
	for name, values := range header {
		if name == ":authority" && len(values) == 1 {
			r.Host = values[0]
		} else {
			name = http.CanonicalHeaderKey(name)
			r.Header[name] = append(r.Header[name], values...)
		}
	}
	return r.WithContext(ctx)
}

// callError is why a call is refused. Its text is for the caller.
type callError struct {
	status  int // as if it were answered by HTTP
	message string
	err     error
}

func (e *callError) Error() string { return e.message }
func (e *callError) Unwrap() error { return e.err }

func (g *Guard) refuseCall(r *http.Request, status int, err error) error {
	g.logDenial(r, status, err)
	e := &callError{status, denialDetail(status, g.presentable(err)), err}
	if _, helps := freshLogin(rbac.FromContext(r.Context()), err); helps && status == http.StatusUnauthorized {
		e.message = denialDetail(http.StatusForbidden, g.presentable(err)) // they are no stranger
	}
	return e
}

// RPCCode returns the status code of gRPC and Connect for an error of [Guard.Call], or of the Authority:
//
//   - 7, PermissionDenied: ErrDenied, for a caller that is signed in
//   - 16, Unauthenticated: ErrDenied, for a caller that is not, or that would be allowed after a new login; ErrNoTicket, ErrBadCredentials
//   - 14, Unavailable: ErrUnavailable, ErrBusy
//   - 5, NotFound: ErrNotFound
//   - 6, AlreadyExists: ErrExists
//   - 9, FailedPrecondition: ErrProtected, ErrSeparation, ErrCycle
//   - 3, InvalidArgument: ErrInvalid
//   - 8, ResourceExhausted: ErrThrottled
//   - 13, Internal: any other error
//
// It is 0, OK, only for nil. The codes follow [Status]; [Detail] has a text for the caller.
func RPCCode(err error) uint32 {
	if err == nil {
		return 0
	}
	status := Status(err)
	var refused *callError
	if errors.As(err, &refused) {
		status = refused.status
	}
	switch status {
	case http.StatusForbidden:
		return 7
	case http.StatusUnauthorized:
		return 16
	case http.StatusServiceUnavailable:
		return 14
	case http.StatusNotFound:
		return 5
	case http.StatusConflict:
		if errors.Is(err, rbac.ErrExists) {
			return 6
		}
		return 9
	case http.StatusUnprocessableEntity:
		return 3
	case http.StatusTooManyRequests:
		return 8
	}
	return 13
}
