package rbac_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// logins lists logins, one a line: the user, the method, the outcome, from
// where, and how often.
func logins(t *testing.T, a *rbac.Authority, q rbac.LoginQuery) (lines []string, last rbac.LoginRecord) {
	t.Helper()
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		lines = nil
		for l, err := range tx.Logins(q) {
			if err != nil {
				return err
			}
			from := ""
			if l.From.IsValid() {
				from = l.From.String()
			}
			lines, last = append(lines, fmt.Sprint(l.User, " ", l.Method, " ", l.Outcome, " ", from, " ", l.Count)), l
		}
		return nil
	}))
	return lines, last
}

func checkLogins(t *testing.T, rule string, a *rbac.Authority, q rbac.LoginQuery, want ...string) {
	t.Helper()
	if got, _ := logins(t, a, q); !slices.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", rule, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// fails is a login that must fail with an error.
func fails(t *testing.T, a *rbac.Authority, l rbac.Login, want error) {
	t.Helper()
	if _, err := a.Login(ctx, l); !errors.Is(err, want) {
		t.Errorf("%v: got %v, want %v", l, err, want)
	}
}

// Every login of a user is listed with the time, the place, the method and the
// outcome.
func TestLoginsAreKept(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		soon := h.clock.Now().Add(time.Hour)
		began := h.clock.Now()
		phone := netip.MustParseAddr("::ffff:198.51.100.7")
		for _, step := range []func(){
			func() {
				tok := must1(a.Login(ctx, rbac.Login{User: "Amy", Password: goodPassword, Addr: home, UserAgent: "Browser\n9"}))
				_, l := logins(t, a, rbac.LoginQuery{})
				ticket := must1(a.Ticket(ctx, tok))
				if l.ID != ticket.ID || l.UserID != ticket.UserID || l.UserAgent != ticket.UserAgent || !l.At.Equal(began) || !l.Last.Equal(began) {
					t.Errorf("a success is the login of its ticket %+v: got %+v", ticket, l)
				}
				h.clock.Advance(time.Second)
				if _, err := a.ChangePassword(ctx, tok, "wrong", goodPassword+"2"); !errors.Is(err, rbac.ErrBadCredentials) {
					t.Error(err)
				}
			},
			func() { h.issue(a, rbac.Login{Subject: "sub|amy", Addr: phone}) },
			func() { h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: soon}) },
			func() { fails(t, a, rbac.Login{User: "amy", Password: "wrong", Addr: phone}, rbac.ErrBadCredentials) },
			func() {
				fails(t, a, rbac.Login{User: "amy", Password: goodPassword, Groups: []string{"staff"}}, rbac.ErrDenied)
			},
			func() { fails(t, a, rbac.Login{User: "dora", Password: "wrong"}, rbac.ErrBadCredentials) },
			func() { fails(t, a, rbac.Login{User: "dora", Password: goodPassword}, rbac.ErrBadCredentials) },
			func() { fails(t, a, rbac.Login{User: "nora", Password: "no password at all"}, rbac.ErrBadCredentials) },
			func() { // the host knows why
				if _, err := a.Issue(ctx, rbac.Login{User: "dora"}); !errors.Is(err, rbac.ErrDenied) {
					t.Error(err)
				}
			},
		} {
			step()
			h.clock.Advance(time.Second)
		}
		checkLogins(t, "all logins", a, rbac.LoginQuery{},
			"nora password wrong password  1",
			"dora password disabled  2",
			"amy password refused  1",
			"amy password wrong password 198.51.100.7/32 1",
			"amy key success  1",
			"amy host success 198.51.100.7/32 1",
			"amy change wrong password 192.0.2.10/32 1",
			"amy password success 192.0.2.10/32 1")
	})
}

// Failures of a user from one network within one hour are one record.
func TestFailedLoginsAreCountedByHour(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		start := h.clock.Now().Truncate(time.Hour).Add(2 * time.Hour)
		at := func(after time.Duration, user, addr, agent string) {
			h.clock.Advance(start.Add(after).Sub(h.clock.Now()))
			fails(t, a, rbac.Login{User: user, Password: "wrong", Addr: netip.MustParseAddr(addr), UserAgent: agent}, rbac.ErrBadCredentials)
		}
		at(0, "amy", "2001:db8::1", "first")
		at(20*time.Minute, "amy", "2001:db8::ffff", "second")
		at(40*time.Minute, "amy", "2001:db8:0:1::1", "")
		at(50*time.Minute, "nora", "2001:db8::1", "")
		at(time.Hour-time.Microsecond, "amy", "2001:db8::2", strings.Repeat("x", 300))
		at(time.Hour, "amy", "2001:db8::1", "")
		checkLogins(t, "by user, network and hour", a, rbac.LoginQuery{},
			"amy password wrong password 2001:db8::/64 1",
			"nora password wrong password 2001:db8::/64 1",
			"amy password wrong password 2001:db8:0:1::/64 1",
			"amy password wrong password 2001:db8::/64 3")
		_, l := logins(t, a, rbac.LoginQuery{})
		if !l.At.Equal(start) || !l.Last.Equal(start.Add(time.Hour-time.Microsecond)) || l.UserAgent != strings.Repeat("x", 256) {
			t.Errorf("a record has the first and the last time, and the last user agent, cut: got %+v", l)
		}
	})
}

// Failures at the same time, beside logins that succeed, are all counted.
func TestFailuresAtOnceAreCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				x := []*rbac.Authority{a, b}[i%2]
				for range 4 {
					_, err := x.Login(ctx, rbac.Login{User: "amy", Password: "wrong", Addr: home})
					_, err2 := x.Issue(ctx, rbac.Login{User: "amy"})
					if !errors.Is(err, rbac.ErrBadCredentials) || err2 != nil {
						t.Errorf("got %v, %v", err, err2)
					}
				}
			})
		}
		group.Wait()
		checkLogins(t, "failures", a, rbac.LoginQuery{Kind: rbac.FailedLogin}, "amy password wrong password 192.0.2.10/32 32")
		if list, _ := logins(t, a, rbac.LoginQuery{Kind: rbac.SuccessfulLogin}); len(list) != 32 {
			t.Errorf("%d successes, want 32", len(list))
		}
	})
}

// A user has 100 records of successes and 50 of failures at most, the latest.
// Failures push no success out.
func TestLoginsAreCapped(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxTickets: 1000})
		h.issue(a, rbac.Login{User: "nora"})
		for range 103 {
			h.clock.Advance(time.Second)
			h.issue(a, rbac.Login{User: "amy"})
		}
		last := h.clock.Now()
		for i := range byte(53) {
			fails(t, a, rbac.Login{User: "amy", Password: "wrong", Addr: netip.AddrFrom4([4]byte{198, 51, 100, i})}, rbac.ErrBadCredentials)
			h.clock.Advance(time.Second)
		}
		list, oldest := logins(t, a, rbac.LoginQuery{User: "amy", Kind: rbac.SuccessfulLogin})
		if len(list) != 100 || !oldest.At.Equal(last.Add(-99*time.Second)) {
			t.Errorf("%d successes since %v, want the last 100", len(list), oldest.At)
		}
		list, oldest = logins(t, a, rbac.LoginQuery{User: "amy", Kind: rbac.FailedLogin})
		if len(list) != 50 || !oldest.At.Equal(last.Add(3*time.Second)) {
			t.Errorf("%d failures since %v, want the last 50", len(list), oldest.At)
		}
		checkLogins(t, "another user", a, rbac.LoginQuery{User: "nora"}, "nora host success  1")
	})
}

// Names without a user leave no record. The records of a user follow the
// account, not the name.
func TestLoginsBelongToAccounts(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for _, l := range []rbac.Login{{User: "zed"}, {User: "\x00"}, {User: goodPassword}, {Subject: "sub|zed"}} {
			l.Password, l.Addr = "wrong", home
			fails(t, a, l, rbac.ErrBadCredentials)
		}
		h.user(a, "zed", "")
		checkLogins(t, "names without a user", a, rbac.LoginQuery{})
		h.issue(a, rbac.Login{User: "zed"})
		fails(t, a, rbac.Login{User: "zed", Password: "wrong"}, rbac.ErrBadCredentials)
		h.do(a, func(tx *rbac.Tx) error {
			u, err := tx.User("zed")
			u.Name = "zoe"
			return errors.Join(err, tx.ModifyUser(u))
		})
		h.clock.Advance(time.Second)
		h.issue(h.open(rbac.Config{}), rbac.Login{User: "zoe"}) // in another process
		checkLogins(t, "renamed", a, rbac.LoginQuery{User: "zoe", Kind: rbac.SuccessfulLogin}, "zoe host success  1", "zoe host success  1")
		h.do(a, func(tx *rbac.Tx) error { return tx.DeleteUser("zoe") })
		h.user(a, "zoe", "")
		checkLogins(t, "deleted", a, rbac.LoginQuery{})
	})
}

// Logins are found by user, kind and time, page by page.
func TestLoginQueries(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		began := h.clock.Now()
		for i, user := range []string{"amy", "nora", "amy", "amy", "nora"} {
			addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
			if i%2 == 0 {
				h.issue(a, rbac.Login{User: user, Addr: addr})
			} else {
				fails(t, a, rbac.Login{User: user, Password: "wrong", Addr: addr}, rbac.ErrBadCredentials)
			}
			if i != 2 { // the third and the fourth are at one time
				h.clock.Advance(time.Second)
			}
		}
		all, _ := logins(t, a, rbac.LoginQuery{})
		first, twins, second, third := all[0], all[1:3], all[3], all[4]
		if first != "nora host success 192.0.2.4/32 1" || second != "nora password wrong password 192.0.2.1/32 1" || third != "amy host success 192.0.2.0/32 1" {
			t.Fatalf("all logins: got %q", all)
		}
		failed, made := "amy password wrong password 192.0.2.3/32 1", "amy host success 192.0.2.2/32 1"
		for _, c := range []struct {
			rule string
			q    rbac.LoginQuery
			want []string
		}{
			{"of a user", rbac.LoginQuery{User: "AMY"}, slices.Concat(twins, []string{third})},
			{"successes", rbac.LoginQuery{Kind: rbac.SuccessfulLogin}, []string{first, made, third}},
			{"failures", rbac.LoginQuery{Kind: rbac.FailedLogin}, []string{failed, second}},
			{"failures of a user", rbac.LoginQuery{User: "amy", Kind: rbac.FailedLogin}, []string{failed}},
			{"since", rbac.LoginQuery{Since: began.Add(2 * time.Second)}, all[:3]},
			{"since later", rbac.LoginQuery{Since: began.Add(time.Hour)}, nil},
			{"long since", rbac.LoginQuery{Since: began.Add(-9 * time.Hour)}, all},
			{"the first two", rbac.LoginQuery{Limit: 2}, all[:2]},
			{"of nobody's", rbac.LoginQuery{User: "dora"}, nil},
		} {
			checkLogins(t, c.rule, a, c.q, c.want...)
		}
		for _, kind := range []rbac.LoginKind{rbac.AnyLogin, rbac.SuccessfulLogin, rbac.FailedLogin} {
			want, _ := logins(t, a, rbac.LoginQuery{Kind: kind})
			var got []string
			q := rbac.LoginQuery{Kind: kind, Limit: 1}
			for page, last := logins(t, a, q); len(page) > 0; page, last = logins(t, a, q) {
				got, q.After = append(got, page...), last
			}
			if !slices.Equal(got, want) {
				t.Errorf("pages of kind %d: got %q, want %q", kind, got, want)
			}
		}
		for _, c := range []struct {
			rule string
			q    rbac.LoginQuery
			want error
		}{
			{"an unknown user", rbac.LoginQuery{User: "zed"}, rbac.ErrNotFound},
			{"an impossible name", rbac.LoginQuery{User: "\x00"}, rbac.ErrInvalid},
			{"an unknown kind", rbac.LoginQuery{Kind: 3}, rbac.ErrInvalid},
			{"a page after no time", rbac.LoginQuery{After: rbac.LoginRecord{At: time.Unix(1<<60, 0)}}, rbac.ErrInvalid},
		} {
			if err := a.View(ctx, func(tx *rbac.Tx) error { return last(tx.Logins(c.q)) }); !errors.Is(err, c.want) {
				t.Errorf("%s is %v: got %v", c.rule, c.want, err)
			}
		}
	})
}

// The record of a failure counts from its last attempt, whenever the hour
// began.
func TestLoginsSinceTheLastFailure(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		h.clock.Advance(h.clock.Now().Truncate(time.Hour).Add(2 * time.Hour).Sub(h.clock.Now()))
		for range 2 {
			fails(t, a, rbac.Login{User: "amy", Password: "wrong"}, rbac.ErrBadCredentials)
			h.clock.Advance(30 * time.Minute)
			h.issue(a, rbac.Login{User: "nora"})
		}
		checkLogins(t, "since the last failure", a, rbac.LoginQuery{Since: h.clock.Now().Add(-30 * time.Minute)},
			"nora host success  1", "nora host success  1", "amy password wrong password  2")
	})
}

// Records of logins are deleted as the entries of the change log are, by age.
func TestOldLoginsAreDeleted(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{KeepChanges: 48 * time.Hour})
		h.issue(a, rbac.Login{User: "amy"})
		fails(t, a, rbac.Login{User: "amy", Password: "wrong"}, rbac.ErrBadCredentials)
		h.clock.Advance(24 * time.Hour)
		h.issue(a, rbac.Login{User: "nora"})
		h.clock.Advance(24 * time.Hour)
		must(t, a.Sweep(ctx))
		if list, _ := logins(t, a, rbac.LoginQuery{}); len(list) != 3 {
			t.Errorf("after 48 hours: got %q", list)
		}
		h.clock.Advance(time.Microsecond)
		must(t, a.Sweep(ctx))
		checkLogins(t, "after more than 48 hours", a, rbac.LoginQuery{}, "nora host success  1")
	})
}

// A record of a login needs no transaction of its own, no revision and no entry
// of the change log; and an attempt that is throttled writes nothing. A login
// for a name without a user asks the store as often as any other.
func TestLoginRecordsCostNoTransaction(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		updates, calls := 0, []string{}
		h.store = hooked(h.store, storefault.Hooks{Call: func(c storefault.Call) error {
			if calls = append(calls, c.Name); c.Name == "Commit" {
				updates++
			}
			return nil
		}})
		a := h.office(rbac.Config{MaxFailures: 3})
		changes, rev := len(changesSince(t, a, 0)), lastRevision(t, a)
		try := func(l rbac.Login, want error, most int) []string {
			t.Helper()
			updates, calls = 0, nil
			if _, err := a.Login(ctx, l); !errors.Is(err, want) {
				t.Errorf("%v: got %v, want %v", l, err, want)
			}
			if updates != most {
				t.Errorf("%v, which is %v, took %d Updates, want %d", l, want, updates, most)
			}
			return slices.Clone(calls)
		}
		try(rbac.Login{User: "amy", Password: goodPassword}, nil, 2)
		for range 3 {
			known := try(rbac.Login{User: "amy", Password: "wrong"}, rbac.ErrBadCredentials, 2)
			unknown := try(rbac.Login{User: "zed", Password: "wrong"}, rbac.ErrBadCredentials, 2)
			if !slices.Equal(known, unknown) {
				t.Errorf("a known name asks the store %v, and an unknown name %v", known, unknown)
			}
			if n := slices.Index(known, "CountLogin"); n < 0 || slices.Contains(known[n+1:], "CountLogin") {
				t.Errorf("a failed login is counted once: %v", known)
			}
		}
		before, _ := logins(t, a, rbac.LoginQuery{})
		for range 3 {
			try(rbac.Login{User: "amy", Password: goodPassword}, rbac.ErrThrottled, 0)
			try(rbac.Login{User: "zed", Password: goodPassword}, rbac.ErrThrottled, 0)
		}
		checkLogins(t, "throttled", a, rbac.LoginQuery{}, before...)
		if now := len(changesSince(t, a, 0)); now != changes || lastRevision(t, a) != rev {
			t.Errorf("logins made %d changes", now-changes)
		}
	})
}

// The user is told if the password was right and the login was refused, because
// there were too many.
func TestThrottledWithTheRightPassword(t *testing.T) {
	h := newHouse(t, memorystore.New())
	a := h.office(rbac.Config{MaxTickets: 1})
	var err error
	for range 400 {
		if _, err = a.Issue(ctx, rbac.Login{User: "amy"}); err != nil {
			break
		}
	}
	if !errors.Is(err, rbac.ErrThrottled) {
		t.Fatalf("400 logins that each end a ticket: got %v", err)
	}
	fails(t, a, rbac.Login{User: "amy", Password: goodPassword}, rbac.ErrThrottled)
	checkLogins(t, "throttled", a, rbac.LoginQuery{Kind: rbac.FailedLogin}, "amy password throttled  1")
}
