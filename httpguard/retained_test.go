package httpguard

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Events keep the context of a request while they wait. The context holds no
// URL of any length, and no header but those that Handler removed.
func TestContextHoldsLittle(t *testing.T) {
	s := newService(t, Config{}, plain)
	var kept context.Context
	h := s.g.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { kept = r.Context() }))
	for _, query := range []string{"a=b", strings.Repeat("x", maxURL)} {
		r := httptest.NewRequest("GET", "/page?"+query, nil)
		r.AddCookie(&http.Cookie{Name: s.g.cfg.CookieName, Value: strings.Repeat("A", 43)})
		r.Header.Set("X-Large", strings.Repeat("x", 100_000))
		h.ServeHTTP(httptest.NewRecorder(), r)
		st := kept.Value(stateKey{}).(*requestState)
		if want := query == "a=b"; (st.url.RawQuery == query) != want || (st.url.Path == "/page") != want {
			t.Errorf("the state of a request with %d bytes of query keeps %v", len(query), st.url)
		}
		wh := kept.Value(withheldKey{}).(*withheld)
		if len(wh.header) != 1 || wh.header["Cookie"] == nil {
			t.Errorf("withheld: %d headers", len(wh.header))
		}
	}
}
