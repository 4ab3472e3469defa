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

// withheld is what Handler took off a request, by header.
type withheld struct {
	mark   string
	header http.Header // as the request had it
}

// withhold returns the request that handlers see, with the given context.
func (g *Guard) withhold(r *http.Request, st *state, ctx context.Context) *http.Request {
	cookies, ours := withoutCookies(r.Header["Cookie"], g.cfg.CookieName)
	bearer := st.bearer && !st.token.IsZero()
	revision := len(r.Header[RevisionHeader]) > 0
	if g.cfg.KeepTicket || !ours && !bearer && !revision {
		return r.WithContext(ctx)
	}
	header := maps.Clone(r.Header)
	if ours {
		header["Cookie"] = cookies
		if len(cookies) == 0 {
			delete(header, "Cookie")
		}
	}
	if bearer {
		delete(header, "Authorization")
	}
	delete(header, RevisionHeader)
	full, was := restored(r).Header, http.Header{}
	for _, name := range []string{"Cookie", "Authorization", RevisionHeader} {
		if values, ok := full[name]; ok {
			was[name] = values
		}
	}
	wh := &withheld{strconv.FormatUint(rand.Uint64(), 36), was}
	header[withheldHeader] = []string{wh.mark}
	r = r.WithContext(context.WithValue(ctx, withheldKey{}, wh))
	r.Header = header
	return r
}

// restored returns the request with what a Handler has withheld from it, if any.
func restored(r *http.Request) *http.Request {
	wh, _ := r.Context().Value(withheldKey{}).(*withheld)
	if mark := r.Header[withheldHeader]; wh == nil || len(mark) != 1 || mark[0] != wh.mark {
		return r
	}
	header := maps.Clone(r.Header)
	for name, values := range wh.header {
		if _, set := header[name]; !set || name == "Cookie" {
			header[name] = values
		}
	}
	r = r.WithContext(r.Context())
	r.Header = header
	return r
}

// withoutCookies returns the lines without the cookie of a name, and those whose
// names begin with it and a hyphen; and whether there was one.
func withoutCookies(lines []string, name string) (rest []string, found bool) {
	for _, line := range lines {
		if !strings.Contains(line, name) {
			rest = append(rest, line)
			continue
		}
		var kept []string
		for part := range strings.SplitSeq(line, ";") {
			part = textproto.TrimString(part)
			key, _, _ := strings.Cut(part, "=")
			key = textproto.TrimString(key)
			if key == name || strings.HasPrefix(key, name+"-") {
				found = true
			} else if part != "" {
				kept = append(kept, part)
			}
		}
		if len(kept) > 0 {
			rest = append(rest, strings.Join(kept, "; "))
		}
	}
	return rest, found
}
