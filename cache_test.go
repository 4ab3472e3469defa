package rbac_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// A cache that holds one user or one ticket is small but correct.
func TestSmallestCaches(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{CachedUsers: 1, CachedTickets: 1})
		tokens := map[string]rbac.Token{}
		for i := range 20 {
			name := fmt.Sprint("guest", i)
			h.user(a, name, "", "editors")
			tokens[name] = h.issue(a, rbac.Login{User: name})
		}
		for round := range 4 {
			for name, tok := range tokens {
				byToken, err1 := a.Identify(ctx, tok)
				byName, err2 := a.Identity(ctx, name)
				if err1 != nil || err2 != nil || byToken.User() != name || byName.User() != name || byToken.InGroup("staff") != (round%2 == 1) || byName.InGroup("staff") != (round%2 == 1) {
					t.Fatalf("%s: %v, %v, %v, %v", name, byToken, err1, byName, err2)
				}
				change := assign(name, "staff")
				if round%2 == 1 {
					change = deassign(name, "staff")
				}
				h.do(a, change)
			}
		}
	})
}

// Cached answers allocate nothing.
func TestCachedAnswersAllocateNothing(t *testing.T) {
	eachStoreAlone(t, func(t *testing.T, h *house) {
		h.realTime = true
		a := h.office(rbac.Config{MaxStaleness: time.Hour})
		tok, p := h.issue(a, rbac.Login{User: "amy"}), rbac.HasPermission("post.edit")
		for name, f := range map[string]func() error{
			"Identify":          func() error { return second(a.Identify(ctx, tok)) },
			"nobody":            func() error { return second(a.Identify(ctx, rbac.Token{})) },
			"Judge":             func() error { return a.Judge(ctx, tok, p) },
			"IdentifyUnused":    func() error { _, _, err := a.IdentifyUnused(ctx, tok); return err },
			"Report":            func() error { a.Report(ctx, rbac.Event{Kind: "nobody listens"}); return nil },
			"Identity":          func() error { return second(a.Identity(ctx, "amy")) },
			"IdentityBySubject": func() error { return second(a.IdentityBySubject(ctx, "sub|amy")) },
		} {
			must(t, f())
			if n := testing.AllocsPerRun(100, func() { must(t, f()) }); n != 0 {
				t.Errorf("%s allocates %v times", name, n)
			}
		}
	})
}
