package httpguard

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/rbac-go/rbac"
)

// Call combines Handler and Require for calls that are not net/http requests,
// such as gRPC and Connect calls. Call identifies the caller by the metadata in
// header and judges the caller by p. A nil p allows nobody: a table of rules by
// procedure allows nobody to call a procedure that the table lacks.
//
// If the call is allowed, the returned context carries the Identity for
// [rbac.FromContext]. Otherwise the context is nil. The error then has a text
// for the caller and a code ([RPCCode]), and wraps the decision as
// [Guard.Deny] takes it.
//
// Names in header may be in any case, and ":authority" is the host. The rules
// of HTTP requests about Authorization, the cookie, cross-origin requests and
// Config.Identify apply. Identify and ClientAddr get a POST request with the
// header, the procedure as its path, and ctx. The request has no address of a
// connection: to use FromNet, let ClientAddr take the address from the context.
//
// A call that carries a revision under [RevisionHeader], in any case, waits for
// the revision as a request does. Call sends nothing back: the server of the
// procedure sends [rbac.Authority.Revision] under that name with the response,
// and the client sends the revision along with its next calls.
//
// Each call is identified anew. If ctx has passed Handler, the client address
// and the cross-origin check of Handler count. For a long stream, use Call
// again for each message, with the context with which the stream began.
func (g *Guard) Call(ctx context.Context, procedure string, header map[string][]string, p rbac.Predicate) (context.Context, error) {
	r := restored(callRequest(ctx, procedure, header))
	outer := g.state(r)
	st, err := g.newState(r)
	if err != nil {
		return nil, g.refuseCall(r, http.StatusUnauthorized, err)
	}
	if outer != nil {
		st.addr = outer.addr
	} else if err := g.checkOrigin(r, st); err != nil {
		return nil, g.refuseCall(r, http.StatusForbidden, err)
	}
	if outer != nil {
		g.identify(r, st)
	} else {
		g.identifyLatest(r, st)
	}
	st.countUse()
	ctx = st.newContext(ctx)
	r = r.WithContext(ctx)
	if err := g.judge(r, func(*http.Request) (rbac.Predicate, error) { return p, nil }); err != nil {
		return nil, g.refuseCall(r, denialStatus(r, err), err)
	}
	return ctx, nil
}

// callRequest returns a call as a request. Names that differ in case only are
// merged, so a second Authorization is seen.
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

// callError is the refusal of a call, with a text for the caller.
type callError struct {
	status  int // as in HTTP
	message string
	err     error
}

func (e *callError) Error() string { return e.message }
func (e *callError) Unwrap() error { return e.err }

func (g *Guard) refuseCall(r *http.Request, status int, err error) error {
	g.logDenial(r, status, err)
	e := &callError{status, denialDetail(status, g.presentable(err)), err}
	if _, helps := freshLogin(rbac.FromContext(r.Context()), err); helps && status == http.StatusUnauthorized {
		// The caller is signed in, and may read the reason.
		e.message = denialDetail(http.StatusForbidden, g.presentable(err))
	}
	return e
}

// RPCCode returns the status code of gRPC and Connect for an error of
// [Guard.Call] or of the Authority:
//
//   - 7, PermissionDenied: ErrDenied, if the caller is signed in
//   - 16, Unauthenticated: ErrDenied, if the caller is not signed in or a new
//     login would help; ErrNoTicket, ErrBadCredentials
//   - 14, Unavailable: ErrUnavailable, ErrBusy
//   - 5, NotFound: ErrNotFound
//   - 6, AlreadyExists: ErrExists
//   - 10, Aborted: ErrConflict
//   - 9, FailedPrecondition: ErrProtected, ErrSeparation, ErrCycle
//   - 3, InvalidArgument: ErrInvalid
//   - 8, ResourceExhausted: ErrThrottled
//   - 13, Internal: any other error
//
// Only a nil error has the code 0, OK. The codes follow [Status]; [Detail]
// returns a text for the caller.
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
		if errors.Is(err, rbac.ErrConflict) {
			return 10
		}
		return 9
	case http.StatusUnprocessableEntity:
		return 3
	case http.StatusTooManyRequests:
		return 8
	}
	return 13
}
