package rbac

import (
	"testing"
	"time"

	"github.com/rbac-go/rbac/internal/clock"
)

var noon = time.Date(2031, time.March, 3, 12, 0, 0, 0, time.UTC)

// loggedIn returns a user of a policy who logged in at a time, and whose
// Authority has a clock that stands at noon.
func loggedIn(t testing.TB, at time.Time, groups ...string) *Identity {
	id := *blog.compile(t).user(t, "amy", groups...)
	id.since, id.origin = at, clockOf(func() time.Time { return noon })
	return &id
}

func clockOf(now func() time.Time) *origin {
	return &origin{owner: &Authority{clock: clock.New(now)}}
}

// Each row reads as: the time since the login, the limit, and whether the
// predicate is met, unmet or broken.
func TestAuthenticatedWithin(t *testing.T) {
	quarter := AuthenticatedWithin(15 * time.Minute)
	for _, c := range []struct {
		rule string
		ago  time.Duration
		p    Predicate
		want verdict
	}{
		{"just now", 0, quarter, met},
		{"a while ago", 14 * time.Minute, quarter, met},
		{"just within", 15*time.Minute - 1, quarter, met},
		{"at the end it is over", 15 * time.Minute, quarter, unmet},
		{"long ago", 2 * time.Hour, quarter, unmet},
		{"the opposite, within", time.Minute, Not(quarter), unmet},
		{"the opposite, long ago", time.Hour, Not(quarter), met},
		{"a clock that is a bit behind", -time.Minute, quarter, met},
		{"a clock that was set back", -time.Minute - 1, quarter, broken},
		{"the opposite, by a clock that was set back", -time.Hour, Not(quarter), broken},
		{"a short time is not made longer than twice by a clock", -10*time.Second - 1, AuthenticatedWithin(10 * time.Second), broken},
		{"a short time, by a clock that is a bit behind", -10 * time.Second, AuthenticatedWithin(10 * time.Second), met},
		{"zero", 0, AuthenticatedWithin(0), broken},
		{"less than zero", 0, AuthenticatedWithin(-time.Minute), broken},
		{"the opposite of zero", time.Hour, Not(AuthenticatedWithin(0)), broken},
		{"the longest time", time.Hour, AuthenticatedWithin(1<<63 - 1), met},
	} {
		id := loggedIn(t, noon.Add(-c.ago))
		if got := judge(id, c.p); got != c.want {
			t.Errorf("%s: %v is %v, want %v", c.rule, c.p, got, c.want)
		}
		expectVerdict(t, id, c.p, c.want)
	}
	expectVerdict(t, loggedIn(t, time.Time{}.Add(1)), quarter, unmet)
	expectVerdict(t, loggedIn(t, noon.AddDate(1000, 0, 0)), quarter, broken)
}

// Each row reads as: the login that the host knows of, and the verdict on
// "within a quarter of an hour".
func TestWithAuthenticatedAt(t *testing.T) {
	p := AuthenticatedWithin(15 * time.Minute)
	for _, c := range []struct {
		rule string
		at   time.Time
		want verdict
	}{
		{"ten minutes ago", noon.Add(-10 * time.Minute), met},
		{"an hour ago", noon.Add(-time.Hour), unmet},
		{"unknown", time.Time{}, broken},
		{"in the future, such as the end of a session", noon.Add(time.Hour), broken},
		{"at the beginning of Unix time", time.Unix(0, 0), unmet},
	} {
		host := loggedIn(t, time.Time{}, "editors")
		id := host.WithAuthenticatedAt(c.at)
		if got := judge(id, p); got != c.want {
			t.Errorf("%s: %v is %v, want %v", c.rule, p, got, c.want)
		}
		if !id.AuthenticatedAt().Equal(c.at) || !host.AuthenticatedAt().IsZero() {
			t.Errorf("%s: the copy is of %v and the original of %v", c.rule, id.AuthenticatedAt(), host.AuthenticatedAt())
		}
		if id.User() != "amy" || id.ID() != host.ID() || !id.HasPermission("post.edit") || id.policy == nil {
			t.Errorf("%s: %v is not a copy of %v", c.rule, id, host)
		}
	}
}

func TestWithAuthenticatedAtOfTheHost(t *testing.T) {
	p := AuthenticatedWithin(time.Hour)
	now := time.Now()
	expectVerdict(t, NewIdentity("amy", nil, nil).WithAuthenticatedAt(now), p, met)
	expectVerdict(t, NewIdentity("amy", nil, nil).WithAuthenticatedAt(now.Add(-2*time.Hour)), p, unmet)
	expectVerdict(t, NewIdentity("amy", nil, nil).WithAuthenticatedAt(now).WithAuthenticatedAt(time.Time{}), p, broken)
	expectVerdict(t, NewIdentity("", nil, nil).WithAuthenticatedAt(now), p, unmet)
	expectVerdict(t, (&Identity{}).WithAuthenticatedAt(now), p, broken)
	if at := NewIdentity("", nil, nil).WithAuthenticatedAt(now).AuthenticatedAt(); !at.IsZero() {
		t.Errorf("nobody logged in at %v", at)
	}
	if at := NewIdentity("amy", nil, nil).WithAuthenticatedAt(now).AuthenticatedAt(); at != now.Round(0) {
		t.Errorf("the login at %v is kept with the monotonic clock, which does not count sleep", at)
	}
}

func TestAuthenticatedWithinNeedsALogin(t *testing.T) {
	p := AuthenticatedWithin(time.Hour)
	for _, nobody := range []*Identity{NewIdentity("", nil, nil), blog.compile(t).anonymous(nil)} {
		expectVerdict(t, nobody, p, unmet)
		expectVerdict(t, nobody, Not(p), met)
	}
	for rule, id := range map[string]*Identity{
		"an Identity of the host's":        NewIdentity("amy", nil, nil),
		"a user of whom no login is known": loggedIn(t, time.Time{}),
		"nil":                              nil,
		"the zero Identity":                {},
		"a login, and a clock that cannot tell": func() *Identity {
			id := loggedIn(t, noon)
			id.origin = clockOf(func() time.Time { panic("stopped") })
			return id
		}(),
	} {
		for _, q := range []Predicate{p, Not(p), Any(p, Not(p))} {
			if got := judge(id, q); got != broken {
				t.Errorf("%s: %v is %v, want broken", rule, q, got)
			}
		}
	}
	id := &Identity{kind: userIdentity, user: "amy", since: time.Now()}
	expectVerdict(t, id, p, met) // without a clock, time.Now
}

func TestAuthenticatedWithinReasons(t *testing.T) {
	quarter := AuthenticatedWithin(15 * time.Minute)
	for _, c := range []struct {
		id   *Identity
		p    Predicate
		want string
	}{
		{loggedIn(t, noon.Add(-2*time.Hour)), quarter, "needs a login within the last 15m; your login was 2h ago"},
		{loggedIn(t, noon.Add(-135*time.Minute-20*time.Second)), AuthenticatedWithin(90 * time.Minute), "needs a login within the last 1h30m; your login was 2h15m ago"},
		{loggedIn(t, noon.Add(-59*time.Second-time.Millisecond)), AuthenticatedWithin(10 * time.Second), "needs a login within the last 10s; your login was 59s ago"},
		{loggedIn(t, noon.Add(-time.Second/2)), AuthenticatedWithin(time.Second / 4), "needs a login within the last 250ms; your login was just now"},
		{loggedIn(t, noon.Add(-10*time.Minute)), quarter, "you logged in 10m ago"},
		{loggedIn(t, noon.Add(time.Minute)), quarter, "you logged in just now"},
		{loggedIn(t, noon.Add(time.Hour)), quarter, "your login lies in the future"},
		{loggedIn(t, time.Time{}), quarter, "the time of the login is unknown"},
		{NewIdentity("", nil, nil), quarter, "needs a login within the last 15m; nobody is logged in"},
		{loggedIn(t, noon), AuthenticatedWithin(0), "a login within 0s is impossible"},
		{loggedIn(t, noon.Add(-time.Minute)), Not(quarter), "refused because you logged in 1m ago"},
		{loggedIn(t, noon.Add(-time.Hour)), Not(quarter), "your login was 1h ago"},
		{loggedIn(t, noon.Add(-time.Hour)), All(InGroup("staff"), quarter), "needs the group staff, and needs a login within the last 15m; you are in no group, your login was 1h ago"},
	} {
		if got := Explain(c.id, c.p).Reason; got != c.want {
			t.Errorf("%v:\n  says %s\n  want %s", c.p, got, c.want)
		}
	}
}

func TestAuthenticatedWithinPrints(t *testing.T) {
	for want, p := range map[string]Predicate{
		`authenticated_within("15m0s")`:            AuthenticatedWithin(15 * time.Minute),
		`authenticated_within("1.5µs", msg="now")`: WithMessage(AuthenticatedWithin(1500), "now"),
		`authenticated_within("0s")`:               AuthenticatedWithin(0),
	} {
		if got := p.String(); got != want {
			t.Errorf("printed as %s, want %s", got, want)
		}
	}
}

// Each row reads as: the denied predicate, whether a new login would help, and
// the permitted age of the login.
func TestFreshLogin(t *testing.T) {
	long, short := AuthenticatedWithin(time.Hour), AuthenticatedWithin(time.Minute)
	yesterday := loggedIn(t, noon.AddDate(0, 0, -1), "editors")
	for _, c := range []struct {
		rule string
		id   *Identity
		p    Predicate
		want time.Duration // 0: does not help
	}{
		{"too long ago", yesterday, long, time.Hour},
		{"too long ago, and the rest is met", yesterday, All(HasPermission("post.edit"), short), time.Minute},
		{"too long ago, but something else is missing", yesterday, All(HasPermission("post.publish"), short), 0},
		{"something else is missing", yesterday, HasPermission("post.publish"), 0},
		{"one of two ways", yesterday, Any(HasPermission("post.publish"), long), time.Hour},
		{"the shorter of two times", yesterday, All(long, short), time.Minute},
		{"deep inside and with a message", yesterday, Not(Not(WithMessage(All(WithMessage(long, "a")), "b"))), time.Hour},
		{"a login that has to be old", yesterday, Not(long), 0},
		{"a login that can be neither old nor new", yesterday, All(long, Not(long)), 0},
		{"a broken part", yesterday, All(long, InGroup("edtiors")), 0},
		{"an impossible time", yesterday, AuthenticatedWithin(0), 0},
		{"a clock that was set back", loggedIn(t, noon.Add(time.Hour)), long, time.Hour},
		{"it is not known when they logged in, and would not be the next time", loggedIn(t, time.Time{}), long, 0},
		{"an Identity of the host's", NewIdentity("amy", nil, nil), long, 0},
		{"nobody is logged in", NewIdentity("", nil, nil), long, 0},
		{"nobody of a policy", blog.compile(t).anonymous(nil), long, 0},
		{"nobody looked", nil, long, 0},
		{"no predicate", yesterday, nil, 0},
	} {
		denied := &DeniedError{Identity: c.id, Predicate: c.p}
		if maxAge, helps := denied.FreshLogin(); maxAge != c.want || helps != (c.want > 0) {
			t.Errorf("%s: %v for %v gives %v, %v, want %v", c.rule, c.p, c.id, maxAge, helps, c.want)
		}
	}
	if yesterday.since != noon.AddDate(0, 0, -1) || !yesterday.clock().Equal(noon) {
		t.Error("the denied Identity was changed")
	}
	if _, helps := (&DeniedError{}).FreshLogin(); helps {
		t.Error("the zero error is helped by a login")
	}
}
