package httpguard

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// TestShowGroups: responses to denied users name groups only with
// Config.ShowGroups. Permissions are always named, and the log names
// everything.
func TestShowGroups(t *testing.T) {
	base := newService(t, Config{Insecure: true}, plain)
	must(t, base.a.Update(t.Context(), func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "zoe"})
		if err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "zoe", Group: "editors", Scope: "org:1"})
	}))
	for _, c := range []struct {
		user        string
		p           rbac.Predicate
		short, full string
	}{
		{"eve", rbac.HasPermission("post.write"), "needs post.write; you are in no group", "needs post.write, which the group editors gives; you are in no group"},
		{"eve", rbac.InGroup("editors"), "needs a certain group; you are in no group", "needs the group editors; you are in no group"},
		{"amy", rbac.Not(rbac.InGroup("editors")), "refused because you are in a certain group", "refused because you are in editors"},
		{"zoe", rbac.In("org:2", rbac.HasPermission("post.write")), "in org:2: needs post.write; your groups hold in org:1 only",
			"in org:2: needs post.write, which the group editors gives; your groups hold in org:1 only"},
		{"eve", rbac.WithMessage(rbac.InGroup("editors"), "For our editors"), "For our editors", "For our editors"},
	} {
		for _, show := range []bool{false, true} {
			var log bytes.Buffer
			g := New(base.a, Config{Insecure: true, ShowGroups: show, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			want, not := c.short, c.full
			if show {
				want, not = c.full, ""
			}
			cookie := base.cookie(t, c.user)
			h := g.Handler(g.Require(c.p)(&countingHandler{}))
			_, err := g.Call(t.Context(), "/x", map[string][]string{"cookie": {cookie}}, c.p)
			for where, text := range map[string]string{
				"the page":             body(t, serve(h, request(t, "GET /", "Cookie: "+cookie, "Accept: "+browserAccept))),
				"the problem document": body(t, serve(h, request(t, "GET /", "Cookie: "+cookie))),
				"the answer to a call": err.Error(),
			} {
				if !strings.Contains(text, want) || not != "" && not != want && strings.Contains(text, not) {
					t.Errorf("%s, %v, show %v: %s says\n%s\nwant %q", c.user, c.p, show, where, text, want)
				}
			}
			if !strings.Contains(log.String(), c.full) {
				t.Errorf("%s, %v, show %v: the log lacks %q:\n%s", c.user, c.p, show, c.full, log.String())
			}
		}
	}
}

// No response names the user of a rule, with Config.ShowGroups either.
func TestShowGroupsNamesNoUser(t *testing.T) {
	base := newService(t, Config{Insecure: true}, plain)
	cookie := base.cookie(t, "eve")
	rule := rbac.In("org:1", rbac.Any(rbac.IsUser("root"), rbac.InGroup("editors")))
	for _, show := range []bool{false, true} {
		var log bytes.Buffer
		g := New(base.a, Config{Insecure: true, ShowGroups: show, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		h := g.Handler(g.Require(rule)(&countingHandler{}))
		_, err := g.Call(t.Context(), "/x", map[string][]string{"cookie": {cookie}}, rule)
		for where, text := range map[string]string{
			"the page":             body(t, serve(h, request(t, "GET /", "Cookie: "+cookie, "Accept: "+browserAccept))),
			"the problem document": body(t, serve(h, request(t, "GET /", "Cookie: "+cookie))),
			"the answer to a call": err.Error(),
		} {
			if !strings.Contains(text, "needs to be a certain user") || strings.Contains(text, "root") {
				t.Errorf("show %v: %s says\n%s", show, where, text)
			}
		}
		if !strings.Contains(log.String(), "needs to be the user root") {
			t.Errorf("show %v: the log lacks the user:\n%s", show, log.String())
		}
	}
}
