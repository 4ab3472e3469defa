package rbaccli

import (
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// All sessions of all users end at once, and with --keys the API keys do, too.
func TestEndTicketsOfEverybody(t *testing.T) {
	a := newAuthority(t)
	p := Program{Authority: a}
	var sessions, keys []rbac.Token
	for _, user := range []string{"amy", "bob"} {
		if o := p.call("user", "add", user); o.code != 0 {
			t.Fatal(o)
		}
		for _, remember := range []bool{false, true} {
			token, err := a.Issue(t.Context(), rbac.Login{User: user, Remember: remember})
			if err != nil {
				t.Fatal(err)
			}
			sessions = append(sessions, token)
		}
		key, err := a.IssueKey(t.Context(), rbac.APIKey{User: user, Label: "nightly", Expires: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	alive := func(what string, tokens []rbac.Token, want bool) {
		t.Helper()
		for i, token := range tokens {
			if _, err := a.Identify(t.Context(), token); (err == nil) != want {
				t.Errorf("%s %d: %v, want alive: %v", what, i, err, want)
			}
		}
	}
	alive("session", sessions, true)
	if o := p.call("session", "end", "--everybody"); o.code != 0 {
		t.Fatal(o)
	}
	alive("session", sessions, false)
	alive("key", keys, true)
	if o := p.call("session", "end", "--everybody", "--keys"); o.code != 0 {
		t.Fatal(o)
	}
	alive("key", keys, false)
}
