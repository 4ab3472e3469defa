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

// Handlers need no ticket: they have the Identity, and [Guard.Token]. A handler
// that forwards requests would hand the ticket on to another server, so Handler
// withholds it: the request that handlers see is without it. Guards further in,
// and Call, find it in the context.

// withheldHeader marks a request from which something was withheld. Its value
// means nothing outside of the context that has the same value.
const withheldHeader = "Rbac-Withheld"

type withheldKey struct{}

// withheld is a request's header before Handler took the ticket off.
type withheld struct {
	mark   string
	header http.Header
}

// withhold returns the request that handlers see, with the given context.
func (g *Guard) withhold(r *http.Request, st *state, ctx context.Context) *http.Request {
	full, header := restored(r).Header, r.Header
	cookies, ours := withoutCookies(header["Cookie"], g.cfg.CookieName)
	bearer := st.bearer && !st.token.IsZero()
	if g.cfg.KeepTicket || !ours && !bearer && len(header[RevisionHeader]) == 0 {
		return r.WithContext(ctx)
	}
	header = maps.Clone(header)
	switch {
	case len(cookies) > 0:
		header["Cookie"] = cookies
	case ours:
		delete(header, "Cookie")
	}
	if bearer {
		delete(header, "Authorization")
	}
	delete(header, RevisionHeader)
	wh := &withheld{strconv.FormatUint(rand.Uint64(), 16), full}
	header[withheldHeader] = []string{wh.mark}
	r = r.WithContext(context.WithValue(ctx, withheldKey{}, wh))
	r.Header = header
	return r
}

// restored returns the request with what a Handler has withheld from it, if any.
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
	for _, name := range []string{"Cookie", "Authorization", RevisionHeader} {
		values := wh.header[name]
		if _, set := header[name]; len(values) > 0 && (!set || name == "Cookie") {
			header[name] = values
		}
	}
	r = r.WithContext(r.Context())
	r.Header = header
	return r
}

// withoutCookies returns Cookie lines without the cookie of a name, and those whose
// names begin with it and a hyphen; and whether there was one.
func withoutCookies(lines []string, name string) (rest []string, found bool) {
	for _, line := range lines {
		var kept []string
		had := false
		for part := range strings.SplitSeq(line, ";") {
			part = textproto.TrimString(part)
			key, _, _ := strings.Cut(part, "=")
			if key = textproto.TrimString(key); key == name || strings.HasPrefix(key, name+"-") {
				had = true
			} else if part != "" {
				kept = append(kept, part)
			}
		}
		if had {
			line = strings.Join(kept, "; ")
		}
		if line != "" {
			rest = append(rest, line)
		}
		found = found || had
	}
	return rest, found
}
