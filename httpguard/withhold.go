package httpguard

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// Handlers need no ticket, since they have the Identity and [Guard.Token]. A
// handler that forwards requests would reveal the ticket to another server.
// Handler therefore withholds the ticket: the request for handlers lacks it.
// Inner guards and Call find the full header in the context.

// withheldHeader marks a request without its ticket. The value matches only in
// a context with the same value.
const withheldHeader = "Rbac-Withheld"

type withheldKey struct{}

// withheld is what Handler removed from a request's header.
type withheld struct {
	mark   string
	header http.Header // the withheldNames
}

var withheldNames = []string{"Cookie", "Authorization", RevisionHeader}

// withhold returns the request for handlers, with the given context.
func (g *Guard) withhold(r *http.Request, st *requestState, ctx context.Context) *http.Request {
	full, header := restored(r).Header, r.Header
	cookies, found := withoutCookies(header["Cookie"], g.cfg.CookieName)
	bearer := st.bearer && !st.token.IsZero()
	if g.cfg.KeepTicket || !found && !bearer && len(header[RevisionHeader]) == 0 {
		return r.WithContext(ctx)
	}
	header = maps.Clone(header)
	switch {
	case len(cookies) > 0:
		header["Cookie"] = cookies
	case found:
		delete(header, "Cookie")
	}
	if bearer {
		delete(header, "Authorization")
	}
	delete(header, RevisionHeader)
	wh := &withheld{strconv.FormatUint(rand.Uint64(), 16), http.Header{}}
	for _, name := range withheldNames {
		if values := full[name]; len(values) > 0 {
			wh.header[name] = values
		}
	}
	header[withheldHeader] = []string{wh.mark}
	r = r.WithContext(context.WithValue(ctx, withheldKey{}, wh))
	r.Header = header
	return r
}

// restored returns r with the headers that a Handler has withheld.
func restored(r *http.Request) *http.Request {
	mark := r.Header[withheldHeader]
	if len(mark) != 1 {
		return r
	}
	wh, _ := r.Context().Value(withheldKey{}).(*withheld)
	if wh == nil || mark[0] != wh.mark {
		return r
	}
	header := maps.Clone(r.Header)
	for _, name := range withheldNames {
		values := wh.header[name]
		if _, set := header[name]; len(values) > 0 && (!set || name == "Cookie") {
			header[name] = values
		}
	}
	r = r.WithContext(r.Context())
	r.Header = header
	return r
}

// withoutCookies returns the lines of a Cookie header without the cookies of a
// name, and without cookies whose names begin with the name and a hyphen. The
// second result reports whether a cookie was removed.
func withoutCookies(lines []string, name string) (rest []string, found bool) {
	for _, line := range lines {
		var kept []string
		removed := false
		for part := range strings.SplitSeq(line, ";") {
			part = textproto.TrimString(part)
			key, _, _ := strings.Cut(part, "=")
			if key = textproto.TrimString(key); key == name || strings.HasPrefix(key, name+"-") {
				removed = true
			} else if part != "" {
				kept = append(kept, part)
			}
		}
		if removed {
			line = strings.Join(kept, "; ")
		}
		if line != "" {
			rest = append(rest, line)
		}
		found = found || removed
	}
	return rest, found
}
