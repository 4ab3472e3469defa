package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// addr is the n-th address of an attacker, each with a prefix of its own.
func addr(n int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, byte(n >> 8), byte(n)}) }

// try is a login that returns what it has to wait, and whether the password was accepted.
func try(t *testing.T, a *rbac.Authority, user, password string, from netip.Addr) (wait time.Duration, ok bool) {
	t.Helper()
	tok, err := a.Login(ctx, rbac.Login{User: user, Password: password, Addr: from})
	var throttled *rbac.ThrottledError
	switch {
	case errors.As(err, &throttled):
		if !errors.Is(err, rbac.ErrThrottled) || throttled.RetryAfter <= 0 || !tok.IsZero() {
			t.Errorf("a ThrottledError is ErrThrottled with a RetryAfter and without a ticket: got %v, %v", tok, err)
		}
		return throttled.RetryAfter, false
	case err != nil && err != rbac.ErrBadCredentials:
		t.Errorf("login of %q: %v", user, err)
	}
	return 0, err == nil
}

func TestThrottleDoubles(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		want := []time.Duration{0, 0, 0, 0, 0}
		for s := 1; s <= 512; s *= 2 {
			want = append(want, time.Duration(s)*time.Second)
		}
		want = append(want, 15*time.Minute, 15*time.Minute)
		for n, delay := range want {
			if delay > 0 {
				for _, step := range []time.Duration{0, delay / 2, delay - delay/2 - time.Microsecond} {
					h.clock.Advance(step)
					delay -= step
					if wait, ok := try(t, a, "amy", goodPassword, home); wait != delay || ok {
						t.Errorf("attempt %d, too early: RetryAfter %v, accepted %v; want %v", n+1, wait, ok, delay)
					}
				}
				h.clock.Advance(time.Microsecond)
			}
			if wait, ok := try(t, a, "amy", "wrong", home); wait != 0 || ok {
				t.Errorf("attempt %d in its time is looked at: RetryAfter %v, accepted %v", n+1, wait, ok)
			}
		}
		// after 17 failures, half of them forgotten each hour: 8, which is 8 s, long past; then the tenth costs 16 s
		h.clock.Advance(time.Hour)
		try(t, a, "amy", "wrong", home)
		if wait, _ := try(t, a, "amy", "wrong", home); wait != 16*time.Second {
			t.Errorf("failures are halved hourly: RetryAfter %v, want 16s", wait)
		}
	})
}

// Which logins count together.
func TestThrottleKeys(t *testing.T) {
	other := netip.MustParseAddr("192.0.2.11")
	tests := []struct {
		rule             string
		name             string
		from             netip.Addr
		as               string
		at               netip.Addr
		samePair, byName bool
	}{
		{"the same", "bob", home, "bob", home, true, true},
		{"in another case", "bob", home, "BOB", home, true, true},
		{"in full width", "bob", home, "ｂｏｂ", home, true, true},
		{"another name", "bob", home, "rob", home, false, false},
		{"another address", "bob", home, "bob", other, false, true},
		{"an IPv4 address in IPv6", "bob", home, "bob", netip.MustParseAddr("::ffff:192.0.2.10"), true, true},
		{"the same /64", "bob", netip.MustParseAddr("2001:db8::1"), "bob", netip.MustParseAddr("2001:db8::ffff:1"), true, true},
		{"another /64", "bob", netip.MustParseAddr("2001:db8::1"), "bob", netip.MustParseAddr("2001:db8:0:1::1"), false, true},
		{"no address known", "bob", netip.Addr{}, "bob", netip.Addr{}, true, true},
		{"an invalid name", "\xff", home, "\xff", home, true, true},
		{"another invalid name", "\xff", home, "\xfe", home, false, false},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for _, tt := range tests {
			h.clock.Advance(48 * time.Hour)
			if _, err := a.Login(ctx, rbac.Login{User: tt.name, Password: "wrong", Addr: tt.from}); err != rbac.ErrBadCredentials {
				t.Fatal(err)
			}
			pair, all, err := a.Failures(ctx, tt.as, tt.at)
			must(t, err)
			if (pair == 1) != tt.samePair || (all == 1) != tt.byName {
				t.Errorf("%s: counted for the pair %d, for the name %d", tt.rule, pair, all)
			}
		}
	})
}

// Being throttled tells nothing of whether there is such a user.
func TestThrottleOfUnknownNamesIsAlike(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for i := range 60 {
			h.clock.Advance(time.Duration(i%7) * 700 * time.Millisecond)
			from := addr(i % 3)
			want, ok := try(t, a, "amy", "wrong", from)
			for _, name := range []string{"dora", "nora", "zed", "\xff", "not a  name"} {
				if wait, ok2 := try(t, a, name, "wrong", from); wait != want || ok || ok2 {
					t.Fatalf("attempt %d: %q has to wait %v, amy %v", i, name, wait, want)
				}
			}
		}
	})
}

func TestThrottleOfNameOverAllAddresses(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for n, delay := range []int{0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30} {
			if wait, _ := try(t, a, "amy", "wrong", addr(n)); wait != time.Duration(delay)*time.Second {
				t.Errorf("attempt %d from yet another address: RetryAfter %v, want %ds", n+1, wait, delay)
			}
			h.clock.Advance(time.Duration(delay) * time.Second)
			if delay > 0 {
				try(t, a, "amy", "wrong", addr(n))
			}
		}
		h.clock.Advance(30 * time.Second)
		if wait, ok := try(t, a, "amy", goodPassword, home); !ok {
			t.Errorf("the owner from an address never seen waits 30 s at most: got %v", wait)
		}
	})
}

// An attacker elsewhere fails all day: the owner logs in from the known address, at any time.
func TestOwnerIsNotLockedOut(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{AbsoluteLimit: 100 * time.Hour, IdleLimit: 100 * time.Hour})
		owner := func(rule string, want bool) {
			t.Helper()
			if wait, ok := try(t, a, "amy", goodPassword, home); ok != want {
				t.Errorf("%s: accepted %v, RetryAfter %v", rule, ok, wait)
			}
		}
		owner("first login", true)
		for n := range 24 * 20 {
			for range 3 {
				try(t, a, "amy", "wrong", addr(n))
				h.clock.Advance(time.Minute)
			}
			if n%20 == 0 {
				owner(fmt.Sprint("under attack, attempt ", n), true)
			}
		}
		for range 20 {
			owner("many times at once", true)
		}
		attack := func() { // for five minutes
			for n := range 10 {
				h.clock.Advance(30 * time.Second)
				try(t, a, "amy", "wrong", addr(n))
			}
		}
		h.clock.Advance(30*24*time.Hour - 5*time.Minute - time.Microsecond)
		attack()
		must(t, a.Sweep(ctx))
		owner("within 30 days of a success", true)
		h.clock.Advance(30 * 24 * time.Hour)
		attack()
		owner("30 days after it, while somebody is failing elsewhere", false)
	})
}

// A success takes back what was counted for it, and only that.
func TestSuccessRefunds(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for range 50 {
			if _, ok := try(t, a, "amy", goodPassword, home); !ok {
				t.Fatal("a login that succeeds costs nothing")
			}
		}
		for range 3 {
			try(t, a, "amy", "wrong", home)
		}
		try(t, a, "amy", goodPassword, home)
		if pair, all, err := a.Failures(ctx, "amy", home); pair != 3 || all != 3 || err != nil {
			t.Errorf("3 failures and a success: got %d, %d, %v", pair, all, err)
		}
		tok := h.issue(a, rbac.Login{User: "amy", Addr: home})
		_, err := a.ChangePassword(ctx, tok, "wrong", goodPassword+"!")
		if err != rbac.ErrBadCredentials {
			t.Fatal(err)
		}
		_, err = a.ChangePassword(ctx, tok, goodPassword, goodPassword+"!")
		must(t, err)
		if pair, all, err := a.Failures(ctx, "amy", home); pair != 4 || all != 4 || err != nil {
			t.Errorf("ChangePassword counts like a login: got %d, %d, %v", pair, all, err)
		}
	})
}

// What counts nothing any more is swept; what does is not.
func TestSweepThrottles(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for n := range 30 {
			try(t, a, fmt.Sprint("nobody", n), "wrong", addr(n))
		}
		h.clock.Advance(24 * time.Hour)
		for range 6 {
			try(t, a, "amy", "wrong", home)
		}
		h.clock.Advance(time.Microsecond)
		must(t, a.Sweep(ctx))
		if wait, _ := try(t, a, "amy", goodPassword, home); wait != time.Second-time.Microsecond {
			t.Errorf("a throttle that counts is not swept: RetryAfter %v", wait)
		}
		must(t, h.store.Update(ctx, func(r rbac.Records) error {
			if n, err := r.DeleteIdleThrottles(h.clock.Now(), h.clock.Now(), 1000); n != 2 || err != nil {
				t.Errorf("the sweeper leaves nothing else: %d, %v; want the 2 of amy", n, err)
			}
			return nil
		}))
	})
}

// hangsUp is a store whose clients hang up as soon as their first Update is committed.
type hangsUp struct{ rbac.Store }

type hangUpKey struct{}

func (s hangsUp) Update(ctx context.Context, f func(rbac.Records) error) error {
	err := s.Store.Update(ctx, f)
	if hangUp, ok := ctx.Value(hangUpKey{}).(func()); ok {
		hangUp()
	}
	return err
}

// A hundred guesses in parallel, half of the clients hanging up: what was verified was counted.
func TestGuessesInParallel(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		h.store = hangsUp{h.store}
		a := h.office(rbac.Config{})
		var refused, busy, throttled, above atomic.Int64
		guess := func(n int) {
			c, cancel := context.WithCancel(ctx)
			defer cancel()
			if n%4 < 2 {
				c = context.WithValue(c, hangUpKey{}, func() {
					if now, most := a.HashesRunning(); now > most {
						above.Add(1)
					}
					cancel()
				})
			}
			_, err := a.Login(c, rbac.Login{User: fmt.Sprint("user", n%2), Password: "guess", Addr: addr(n)})
			switch {
			case err == rbac.ErrBadCredentials:
				refused.Add(1)
			case err == rbac.ErrBusy:
				busy.Add(1)
			case errors.Is(err, rbac.ErrThrottled):
				throttled.Add(1)
			default:
				t.Errorf("a guess: %v", err)
			}
		}
		before := a.HashCalls(rbac.CountCurrent)
		var all sync.WaitGroup
		for n := range 100 {
			all.Go(func() { guess(n) })
		}
		all.Wait()
		hashed := int64(a.HashCalls(rbac.CountCurrent) - before)
		counted := 0
		for n := range 2 {
			_, failures, err := a.Failures(ctx, fmt.Sprint("user", n), netip.Addr{})
			must(t, err)
			counted += failures
			if failures > 5 {
				t.Errorf("user%d: %d guesses without a delay; five are free", n, failures)
			}
		}
		if hashed != int64(counted) || hashed != refused.Load() || hashed+busy.Load()+throttled.Load() != 100 || hashed == 0 {
			t.Errorf("%d verified, %d counted, %d answered; %d busy, %d throttled", hashed, counted, refused.Load(), busy.Load(), throttled.Load())
		}
		if above.Load() > 0 {
			t.Error("more hashes at once than allowed")
		}
	})
}
