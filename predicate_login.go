package rbac

import (
	"strconv"
	"strings"
	"time"

	"github.com/rbac-go/rbac/internal/names"
)

// AuthenticatedWithin is met by a user who proved who they are less than d ago: for what should
// not be left to a browser that somebody walked away from. What counts is [Identity.AuthenticatedAt], by the
// clock of the Authority at the time of the check; an Identity of [NewIdentity] has the clock time.Now.
//
// It is unmet for who is not logged in, and so met by them under Not. Where it is not known when the user logged in
// ([NewIdentity], [Authority.Identity], unless [Identity.WithAuthenticatedAt] says it), it is broken. So it is where that
// lies in the future, as it does after a clock was set back; up to a minute, and up to d, is taken for a
// difference between clocks, and for now. With a d of zero or less it is broken for everybody.
//
// Where a new login would help, httpguard sends the user to the login page; see [DeniedError.FreshLogin].
func AuthenticatedWithin(d time.Duration) Predicate {
	if d <= 0 {
		return newLeaf(&flawed{"authenticated_within", []string{strconv.Quote(d.String())}, "a login within " + d.String() + " is impossible"})
	}
	return newLeaf(&authenticatedWithin{d})
}

type authenticatedWithin struct{ d time.Duration }

// clockSkew is how far the clocks of processes on one store may be apart.
const clockSkew = time.Minute

func (p *authenticatedWithin) judge(id view) verdict {
	if id.kind == anonymousIdentity {
		return unmet
	}
	if id.since.IsZero() {
		return broken
	}
	age := id.loginAge()
	if age < -min(clockSkew, p.d) {
		return broken
	}
	return verdictOf(age < p.d)
}

// loginAge is negative for a login in the future.
func (id *Identity) loginAge() time.Duration {
	return id.clock().Sub(id.since)
}

// clock is the time by the clock of id's Authority.
func (id *Identity) clock() time.Time {
	if id.origin == nil {
		return time.Now()
	}
	return id.origin.owner.cfg.Clock()
}

func (p *authenticatedWithin) call() (string, []string) {
	return "authenticated_within", []string{strconv.Quote(p.d.String())}
}

func (p *authenticatedWithin) describe(id *Identity, v verdict) (need, fact string) {
	switch {
	case id.kind == anonymousIdentity:
		return p.need(), id.who()
	case id.since.IsZero():
		return "the time of the login is unknown", ""
	case v == broken:
		return "your login lies in the future", ""
	case v == met:
		return "", "you logged in " + ago(id.loginAge())
	}
	return p.need(), "your login was " + ago(id.loginAge())
}

func (p *authenticatedWithin) need() string { return "needs a login within the last " + short(p.d) }

// ago is exact to the minute, to the second within the first one.
func ago(age time.Duration) string {
	switch {
	case age < time.Second:
		return "just now"
	case age < time.Minute:
		return short(age.Truncate(time.Second)) + " ago"
	}
	return short(age.Truncate(time.Minute)) + " ago"
}

// short prints 15m0s as 15m, and 2h0m0s as 2h.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// loginWithin reads what AuthenticatedWithin prints.
func loginWithin(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, invalid("predicate", "authenticated_within", "", strconv.Quote(names.Printable(text, 64))+` is no duration such as "15m" or "1h30m"`)
	}
	return d, nil
}

// FreshLogin reports whether the same user would be allowed just after logging in anew, all else being
// as it was, and then how old that login may be at most. It is for login pages: send the user there if it helps.
//
// It is false for who is not logged in, and where it is not known when the user logged in, since then
// it would not be known of the new login either. A [Func] is asked about an Identity whose AuthenticatedAt is now.
func (e *DeniedError) FreshLogin() (maxAge time.Duration, helps bool) {
	if e.Identity.IsAnonymous() || e.Identity.AuthenticatedAt().IsZero() {
		return 0, false
	}
	own(e.Predicate).walk(func(p *predicate) {
		if r, ok := p.rule.(*authenticatedWithin); ok && (maxAge == 0 || r.d < maxAge) {
			maxAge = r.d
		}
	})
	if maxAge == 0 {
		return 0, false
	}
	// With the shortest of them the answer is the same for every login within it.
	fresh := *e.Identity
	fresh.since = fresh.clock()
	if !Met(&fresh, e.Predicate) {
		return 0, false
	}
	return maxAge, true
}
