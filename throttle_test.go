package rbac_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// addr is the n-th address of an attacker, each with a prefix of its own.
func addr(n int) netip.Addr { return netip.AddrFrom4([4]byte{203, byte(n >> 8), byte(n), 7}) }

// shut is the result of try where waiting does not help.
const shut = time.Duration(-1)

// try makes a login and returns the required wait, and whether the password was
// accepted.
func try(t *testing.T, a *rbac.Authority, user, password string, from netip.Addr) (wait time.Duration, ok bool) {
	t.Helper()
	return tryLogin(t, a, rbac.Login{User: user, Password: password, Addr: from})
}

func tryLogin(t *testing.T, a *rbac.Authority, l rbac.Login) (wait time.Duration, ok bool) {
	t.Helper()
	tok, err := a.Login(ctx, l)
	var throttled *rbac.ThrottledError
	switch {
	case errors.As(err, &throttled):
		if !errors.Is(err, rbac.ErrThrottled) || throttled.RetryAfter < 0 || !tok.IsZero() {
			t.Errorf("a ThrottledError is ErrThrottled, without a ticket: got %v, %v", tok, err)
		}
		if throttled.RetryAfter == 0 {
			return shut, false
		}
		return throttled.RetryAfter, false
	case err != nil && err != rbac.ErrBadCredentials:
		t.Errorf("login of %q: %v", l.User, err)
	}
	return 0, err == nil
}

// guess fails n times in a row for a user and returns the number of verified
// guesses.
func guess(t *testing.T, a *rbac.Authority, user string, n int, from netip.Addr) (verified int) {
	t.Helper()
	for range n {
		if wait, _ := try(t, a, user, "wrong", from); wait == 0 {
			verified++
		}
	}
	return verified
}

// Failures of unknown clients count together by name.
func TestFailuresCountByName(t *testing.T) {
	other := netip.MustParseAddr("192.0.2.11")
	tests := []struct {
		rule, name, as string
		at             netip.Addr
		together       bool
	}{
		{"the same", "bob", "bob", home, true},
		{"in another case", "bob", "BOB", home, true},
		{"in full width", "bob", "ｂｏｂ", home, true},
		{"another name", "bob", "rob", home, false},
		{"another address", "bob", "bob", other, true},
		{"no address known", "bob", "bob", netip.Addr{}, true},
		{"an invalid name", "\xff", "\xff", home, true},
		{"another invalid name", "\xff", "\xfe", home, false},
		{"a user's name", "amy", "Amy", home, true},
	}
	localStores(t, func(t *testing.T, h *house) {
		for _, tt := range tests {
			t.Run(tt.rule, func(t *testing.T) {
				a := h.beside(t).office(rbac.Config{})
				guess(t, a, tt.name, 3, home)
				_, failures, err := a.Failures(ctx, rbac.Login{User: tt.as, Addr: tt.at})
				must(t, err)
				if (failures == 3) != tt.together {
					t.Errorf("%s: %d failures are counted for it, together: %v", tt.rule, failures, tt.together)
				}
			})
		}
	})
}

// A user is one user, under any name or subject that a login uses.
func TestFailuresCountByUser(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxFailures: 3})
		guess(t, a, "amy", 2, home)
		if wait, ok := tryLogin(t, a, rbac.Login{Subject: "sub|amy", Password: "wrong"}); wait != 0 || ok {
			t.Errorf("the third failure, by subject: %v, %v", wait, ok)
		}
		h.do(a, func(tx *rbac.Tx) error {
			u, err := tx.User("amy")
			u.Name = "amelia"
			return errors.Join(err, tx.ModifyUser(u))
		})
		if wait, _ := try(t, a, "amelia", goodPassword, home); wait != shut {
			t.Errorf("a new name is no new budget: %v", wait)
		}
	})
}

// NIST SP 800-63B-4 section 3.2.2: at most 100 failures in a row. From sixteen
// prefixes somebody guesses for six hours. The owner gets in from known
// addresses, and with the device from anywhere.
func TestStrangersCloseANameAndNotItsOwner(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		owner := func(rule string, l rbac.Login, want time.Duration) rbac.Token {
			t.Helper()
			l.User, l.Password = "amy", goodPassword
			tok, err := a.Login(ctx, l)
			var throttled *rbac.ThrottledError
			if errors.As(err, &throttled) != (want == shut) || err != nil && want == 0 {
				t.Errorf("%s: got %v", rule, err)
			}
			return tok
		}
		device, err := a.NewDevice(ctx, owner("first login", rbac.Login{Addr: home}, 0))
		must(t, err)
		attack := func() (verified int) {
			for n := range 360 {
				h.clock.Advance(time.Minute)
				verified += guess(t, a, "amy", 1, addr(n%16))
			}
			return verified
		}
		if n := attack(); n != 100 {
			t.Errorf("%d guesses were verified, want 100 in a row", n)
		}
		owner("from an address that is not known", rbac.Login{Addr: addr(999)}, shut)
		owner("without an address", rbac.Login{}, shut)
		owner("from the known address", rbac.Login{Addr: home}, 0)
		guess(t, a, "amy", 100, addr(1))
		owner("a success opened the name, and 100 guesses closed it", rbac.Login{Addr: addr(999)}, shut)
		tok := owner("with the device", rbac.Login{Addr: addr(1000), Device: device}, 0)
		guess(t, a, "amy", 100, addr(1))
		owner("the device was good for one login", rbac.Login{Addr: addr(1001), Device: device}, shut)
		owner("that address is known now", rbac.Login{Addr: addr(1000)}, 0)
		device, err = a.NewDevice(ctx, tok)
		must(t, err)
		guess(t, a, "amy", 100, addr(1))
		h.clock.Advance(31 * 24 * time.Hour)
		must(t, a.Sweep(ctx))
		owner("31 days after the last success from there", rbac.Login{Addr: home}, shut)
		owner("the device lasts longer", rbac.Login{Device: device}, 0)
		guess(t, a, "amy", 100, addr(1))
		must(t, a.Unlock(ctx, "amy"))
		owner("unlocked", rbac.Login{Addr: addr(2000)}, 0)
	})
}

// If somebody guesses 100 times from behind the owner's own address, the
// address is no longer known.
func TestNeighbourMakesAPrefixUnknown(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Addr: home})
		must(t, err)
		device, err := a.NewDevice(ctx, tok)
		must(t, err)
		if n := guess(t, a, "amy", 500, home); n != 200 {
			t.Errorf("%d guesses were verified, want the prefix's 100 and the 100 of strangers", n)
		}
		if wait, _ := try(t, a, "amy", goodPassword, home); wait != shut {
			t.Errorf("the prefix is known no more: %v", wait)
		}
		if wait, ok := tryLogin(t, a, rbac.Login{User: "amy", Password: goodPassword, Addr: home, Device: device}); !ok {
			t.Errorf("the owner's device: wait %v", wait)
		}
		if wait, ok := try(t, a, "amy", goodPassword, home); !ok {
			t.Errorf("the success made the prefix known again: wait %v", wait)
		}
	})
}

// A throttled login does not reveal whether the user exists.
func TestUnknownNamesAreThrottledAlike(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxFailures: 10})
		names := []string{"amy", "dora", "nora", "zed", "\xff", "not a  name"}
		for i := range 15 {
			for _, name := range names {
				want := time.Duration(0)
				if i >= 10 {
					want = shut
				}
				if wait, ok := try(t, a, name, "wrong", addr(i%3)); wait != want || ok {
					t.Fatalf("attempt %d: %q has to wait %v, want %v", i, name, wait, want)
				}
			}
			must(t, a.Sweep(ctx))
			h.clock.Advance(10 * time.Hour)
		}
	})
}

// A success after ten typing errors clears all of the errors.
func TestSuccessClears(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxFailures: 12})
		for round := range 5 {
			from := addr(round)
			if n := guess(t, a, "amy", 10, from); n != 10 {
				t.Fatalf("%d of ten typing errors were looked at", n)
			}
			for range 3 {
				h.clock.Advance(5 * time.Second)
				if wait, ok := try(t, a, "amy", goodPassword, from); !ok {
					t.Errorf("the right password after ten typing errors waits %v", wait)
				}
			}
			client, failures, err := a.Failures(ctx, rbac.Login{User: "amy", Addr: from})
			must(t, err)
			if client != "prefix" || failures != 0 {
				t.Errorf("after a success: %d failures as %s", failures, client)
			}
			if _, failures, _ := a.Failures(ctx, rbac.Login{User: "amy"}); failures != 0 {
				t.Errorf("after a success strangers have %d failures", failures)
			}
		}
	})
}

func TestWhatClearsFailures(t *testing.T) {
	tests := []struct {
		rule   string
		prefix string // the state of a known prefix afterwards
		clear  func(*rbac.Authority) error
	}{
		{"SetPassword", "name", func(a *rbac.Authority) error { return a.SetPassword(ctx, "amy", goodPassword) }},
		{"Unlock", "prefix", func(a *rbac.Authority) error { return a.Unlock(ctx, "Amy") }},
		{"Tx.Unlock", "prefix", func(a *rbac.Authority) error {
			return a.Update(ctx, func(tx *rbac.Tx) error { return tx.Unlock("amy") })
		}},
	}
	localStores(t, func(t *testing.T, h *house) {
		for _, tt := range tests {
			t.Run(tt.rule, func(t *testing.T) {
				h := h.beside(t)
				a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
				if _, ok := try(t, a, "amy", goodPassword, home); !ok {
					t.Fatal("first login")
				}
				guess(t, a, "amy", 99, home)
				guess(t, a, "amy", 150, addr(1))
				if wait, _ := try(t, b, "amy", goodPassword, addr(2)); wait != shut {
					t.Fatalf("the name is open: %v", wait)
				}
				must(t, tt.clear(a))
				for rule, l := range map[string]rbac.Login{"unknown": {User: "amy"}, "prefix": {User: "amy", Addr: home}} {
					if client, failures, err := b.Failures(ctx, l); client != map[string]string{"unknown": "name", "prefix": tt.prefix}[rule] || failures != 0 || err != nil {
						t.Errorf("%s, %s client: %d failures as %s, %v", tt.rule, rule, failures, client, err)
					}
				}
				if wait, ok := try(t, b, "amy", goodPassword, addr(2)); !ok {
					t.Errorf("%s lets strangers in again: %v", tt.rule, wait)
				}
			})
		}
		a := h.office(rbac.Config{})
		before := h.lastChange(a)
		must(t, a.Unlock(ctx, "amy"))
		if c := h.lastChange(a); c.Revision != before.Revision {
			t.Errorf("Unlock of a user without failures writes %+v", c)
		}
		guess(t, a, "amy", 1, home)
		must(t, a.Unlock(ctx, "amy"))
		if c := h.lastChange(a); c.Action != "Unlock" || c.Subject != "amy" {
			t.Errorf("Unlock writes %+v", c)
		}
		if err := a.Unlock(ctx, "zed"); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("Unlock of nobody: %v", err)
		}
		guess(t, a, "amy", 1, home)
		h.do(a, func(tx *rbac.Tx) error { return tx.DeleteUser("amy") })
		must(t, a.Sweep(ctx))
		must(t, h.store.View(ctx, func(r store.Records) error {
			if list, err := r.UserThrottles(before.SubjectID); len(list) > 0 || err != nil {
				t.Errorf("left of a deleted user: %v, %v", list, err)
			}
			return nil
		}))
	})
}

// With the clock set back by a day nothing holds the right password up.
func TestClockSetBack(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for n := range 40 {
			try(t, a, fmt.Sprint("name", n), "wrong", home)
		}
		guess(t, a, "amy", 30, addr(1))
		h.clock.Advance(-24 * time.Hour)
		for _, from := range []netip.Addr{home, addr(1)} {
			if wait, ok := try(t, a, "amy", goodPassword, from); !ok {
				t.Errorf("from %v: wait %v", from, wait)
			}
		}
		for n := range 40 {
			try(t, a, fmt.Sprint("more", n), "wrong", home)
		}
		if wait, _ := try(t, a, "zed", "wrong", home); wait <= 0 || wait > 15*time.Minute {
			t.Errorf("spraying waits by the clock as it is now: %v", wait)
		}
	})
}

// Counts of made-up names are kept for 100,000 names, counts of users always.
func TestMadeUpNamesAreBounded(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := h.office(rbac.Config{MaxFailures: 5})
	guess(t, a, "amy", 5, home)
	must(t, h.store.Update(ctx, func(r store.Records) error {
		for n := range 100_250 {
			h.clock.Advance(time.Millisecond)
			rec := store.Throttle{Key: [32]byte{byte(n), byte(n >> 8), byte(n >> 16), 1}, Last: h.clock.Now(), Until: h.clock.Now().Add(1e6 * time.Hour), State: "{}"}
			if err := r.PutThrottle(rec); err != nil {
				return err
			}
		}
		return nil
	}))
	must(t, a.Sweep(ctx))
	left := 0
	must(t, h.store.Update(ctx, func(r store.Records) (err error) {
		left, err = r.DeleteIdleThrottles(h.clock.Now(), 0, 1e9)
		return err
	}))
	if left != 100_000 {
		t.Errorf("%d records of made-up names were left, want 100,000", left)
	}
	if wait, _ := try(t, a, "amy", goodPassword, home); wait != shut {
		t.Errorf("a user's count was evicted: %v", wait)
	}
}
