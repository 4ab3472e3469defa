package openid

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// The provider ends the tickets of a session, or of a user. A token that is not
// the provider's logout token for this service ends nothing.
func TestBackchannel(t *testing.T) {
	s := newSite(t)
	a, b := s.browser(), s.browser()
	s.wants(a, "/report", 200, "for kim")
	s.wants(b, "/report", 200, "for kim")
	_, err := s.auth.Issue(t.Context(), rbac.Login{User: "kim", Label: "openid key", Expires: time.Now().Add(time.Hour)})
	must(t, err)
	s.provider.set(func() { s.provider.user = "1|lea" })
	lea := s.browser()
	s.wants(lea, "/report", 200, "for lea")
	sids := s.sessions("1|kim")

	now := time.Now()
	good := func(sub, sid string) map[string]any {
		c := map[string]any{"iss": s.provider.URL, "aud": clientID, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
			"jti": "j", "events": map[string]any{logoutEvent: map[string]any{}}, "sub": sub, "sid": sid}
		maps.DeleteFunc(c, func(_ string, v any) bool { return v == "" })
		return c
	}
	but := func(key string, value any) map[string]any {
		c := good("1|kim", sids[0])
		if c[key] = value; value == nil {
			delete(c, key)
		}
		return c
	}
	idToken := map[string]any{"iss": s.provider.URL, "aud": clientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "sub": "1|kim", "sid": sids[0], "nonce": "n"}
	stranger := newProvider(t, s.URL)
	send := func(token string) int {
		resp, err := s.Client().PostForm(s.URL+"/login/backchannel", url.Values{"logout_token": {token}})
		must(t, err)
		resp.Body.Close()
		if got := resp.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control: %q", got)
		}
		return resp.StatusCode
	}
	ours := signingKey{s.provider.key}
	for what, token := range map[string]string{
		"no token":            "",
		"not a token":         "a.b.c",
		"a stranger's key":    sign(t, signingKey{stranger.key}, good("1|kim", sids[0])),
		"no signature":        strings.Join([]string{"eyJhbGciOiJub25lIn0", strings.Split(sign(t, ours, good("1|kim", sids[0])), ".")[1], ""}, "."),
		"another issuer":      sign(t, ours, but("iss", stranger.URL)),
		"another audience":    sign(t, ours, but("aud", "another")),
		"no audience":         sign(t, ours, but("aud", nil)),
		"no event":            sign(t, ours, but("events", nil)),
		"another event":       sign(t, ours, but("events", map[string]any{"urn:x": map[string]any{}})),
		"a nonce":             sign(t, ours, but("nonce", "n")),
		"an empty nonce":      sign(t, ours, but("nonce", "")),
		"expired":             sign(t, ours, but("exp", now.Add(-time.Second).Unix())),
		"no expiry":           sign(t, ours, but("exp", nil)),
		"an old token":        sign(t, ours, but("iat", now.Add(-time.Hour).Unix())),
		"a token of tomorrow": sign(t, ours, but("iat", now.Add(24*time.Hour).Unix())),
		"nobody":              sign(t, ours, good("", "")),
		"an ID token":         sign(t, ours, idToken),
	} {
		if status := send(token); status != 400 {
			t.Errorf("%s: %d, want 400", what, status)
		}
	}
	for _, token := range []map[string]any{good("1|zoe", "x"), good("", "x"), good("1|lea", sids[0])} {
		if status := send(sign(t, ours, token)); status != 200 {
			t.Errorf("a session that is unknown here: %d, want 200", status)
		}
	}
	if n := len(s.tickets("kim")) + len(s.tickets("lea")); n != 4 {
		t.Fatalf("%d tickets, want all 4", n)
	}
	live := func(want ...string) {
		t.Helper()
		var labels []string
		for _, user := range []string{"kim", "lea"} {
			for _, ticket := range s.tickets(user) {
				labels = append(labels, user+" "+ticket.Label)
			}
		}
		slices.Sort(labels)
		slices.Sort(want)
		if !slices.Equal(labels, want) {
			t.Errorf("the tickets are %q, want %q", labels, want)
		}
	}
	leas := "lea openid " + s.sessions("1|lea")[0]
	if status := send(sign(t, ours, good("", sids[0]))); status != 200 {
		t.Errorf("a session: %d", status)
	}
	live("kim openid key", "kim openid "+sids[1], leas)
	if status := send(sign(t, ours, good("1|kim", ""))); status != 200 {
		t.Errorf("a user: %d", status)
	}
	live("kim openid key", leas)
	for _, c := range []*http.Client{a, b} {
		if _, status, _ := s.open(without(c, "/login"), "GET", "/report"); status != 303 {
			t.Errorf("a browser is still signed in: %d", status)
		}
	}
	if _, status, _ := s.open(without(lea, "/login"), "GET", "/report"); status != 200 {
		t.Errorf("another user is signed out: %d", status)
	}
}

// sessions lists the ids of a user's sessions at the provider.
func (s *site) sessions(user string) (ids []string) {
	s.provider.set(func() {
		for id, session := range s.provider.sessions {
			if session.user == user {
				ids = append(ids, id)
			}
		}
	})
	slices.Sort(ids)
	return ids
}
