package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
)

// changed lists the counters and gauges that differ, of Timings the Count, with
// their difference.
func changed(before, after rbac.Stats) string {
	var list []string
	x, y := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range x.NumField() {
		var from, to int64
		switch v := y.Field(i).Interface().(type) {
		case uint64:
			from, to = int64(x.Field(i).Uint()), int64(v)
		case rbac.Revision:
			from, to = int64(x.Field(i).Uint()), int64(v)
		case int:
			from, to = x.Field(i).Int(), int64(v)
		case rbac.Timing:
			from, to = int64(x.Field(i).Interface().(rbac.Timing).Count), int64(v.Count)
		case time.Duration:
			continue // of real time
		default:
			panic(fmt.Sprintf("%T", v))
		}
		if from != to {
			list = append(list, fmt.Sprintf("%s%+d", x.Type().Field(i).Name, to-from))
		}
	}
	return strings.Join(list, " ")
}

// Each counter moves for its cause, and no other counter moves.
func TestStats(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		h.store = struct{ rbac.Store }{h.store} // no Finder: each lookup is a View
		a := h.office(rbac.Config{MaxFailures: 2, CachedTickets: 2, CachedUsers: 2})
		var fault error
		inner := h.store
		h.store = hooked(inner, storefault.Hooks{Update: func(_ context.Context, run func() error) error {
			if fault != nil {
				return fault
			}
			return run()
		}})
		faulty := h.open(rbac.Config{})
		logIn := func(a *rbac.Authority, user, password string) {
			a.Login(ctx, rbac.Login{User: user, Password: password, Addr: home})
		}
		identify := func(tok rbac.Token) { a.Identify(ctx, tok) }
		var toks []rbac.Token
		for range 3 {
			toks = append(toks, h.issue(a, rbac.Login{User: "amy"}))
		}
		for _, c := range []struct {
			rule string
			of   *rbac.Authority
			call func()
			want string
		}{
			// A login looks at the user, reserves a place, hashes, and makes the ticket.
			{"a login", a, func() { logIn(a, "amy", goodPassword) }, "Logins+1 HashWaits+1 Hashes+1 Views+1 Updates+2"},
			{"a wrong password", a, func() { logIn(a, "amy", "wrong") }, "LoginsRefused+1 HashWaits+1 Hashes+1 Views+1 Updates+2"},
			{"an unknown user", a, func() { logIn(a, "nobody", "wrong"); logIn(a, "nobody", "wrong") }, "LoginsRefused+2 HashWaits+2 Hashes+2 Views+2 Updates+4"},
			{"too many failures", a, func() { logIn(a, "nobody", "wrong") }, "LoginsThrottled+1 Views+1"},
			{"an empty login", a, func() { logIn(a, "", "") }, "LoginsRefused+1"},
			{"a login by the host", a, func() { h.issue(a, rbac.Login{User: "nora"}) }, "Logins+1 Views+1 Updates+1"},
			{"a new hash", a, func() { second(a.HashPassword(ctx, goodPassword)) }, "HashWaits+1 Hashes+1"},
			{"a ticket that is not cached", a, func() { identify(toks[0]) }, "FromStore+1 Views+1 CachedTickets+1 CachedUsers+1"},
			{"another ticket of the user", a, func() { identify(toks[1]) }, "FromStore+1 Views+1 CachedTickets+1"},
			{"a third ticket finds no room", a, func() { identify(toks[2]) }, "FromStore+1 Views+1 EvictedTickets+1"},
			{"a token that never was", a, func() { identify(must1(rbac.ParseToken(strings.Repeat("A", 43)))) }, "FromStore+1 Views+1"},
			{"nobody", a, func() { identify(rbac.Token{}) }, ""},
			{"a View", a, func() { must(t, a.View(ctx, func(*rbac.Tx) error { return nil })) }, "Views+1"},
			{"a View whose function fails", a, func() { a.View(ctx, func(*rbac.Tx) error { return errors.New("no") }) }, "Views+1"},
			{"a change", a, func() { h.do(a, assign("nora", "staff")) }, "Updates+1 Revision+1"},
			{"a change of the cached user", a, func() { h.do(a, assign("amy", "staff")) }, "Updates+1 Revision+1 CachedUsers-1"},
			{"an Update without a change", a, func() { h.do(a, func(*rbac.Tx) error { return nil }) }, "Updates+1"},
			{"a store that is down", faulty, func() { fault = rbac.ErrUnavailable; logIn(faulty, "amy", goodPassword); fault = nil },
				"LoginsFailed+1 HashWaits+1 Views+1 Updates+1 StoreFailures+1"},
		} {
			before := c.of.Stats()
			c.call()
			// The house has no follower: each question reads the head first, in a
			// View of the store itself, which is not counted.
			if got := changed(before, c.of.Stats()); got != c.want {
				t.Errorf("%s: got %q, want %q", c.rule, got, c.want)
			}
		}
	})
}

// Tickets in the cache are counted by sampling: one in 16 counts 16.
func TestStatsOfTheCache(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := h.office(rbac.Config{})
	tok := h.issue(a, rbac.Login{User: "amy"})
	must(t, second(a.Identify(ctx, tok)))
	before := a.Stats()
	const n = 50_000
	for range n {
		a.Identify(ctx, tok)
	}
	s := a.Stats()
	if got := s.FromCache - before.FromCache; got < n/2 || got > 2*n || got%16 != 0 {
		t.Errorf("%d tickets found in the cache were counted as %d", n, got)
	}
	if s.FromStore != before.FromStore {
		t.Errorf("tickets were looked up in the store: %+v", s.FromStore)
	}
}

// The age of the lease goes by the clock of the Authority.
func TestStatsOfTheLease(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := h.open(rbac.Config{MaxStaleness: time.Hour})
	must(t, second(a.Identify(ctx, rbac.Token{})))
	h.clock.Advance(20 * time.Minute)
	if age := a.Stats().LeaseAge; age < 20*time.Minute || age > 30*time.Minute {
		t.Errorf("the lease is 20 minutes old: got %v", age)
	}
	must(t, second(a.Identify(ctx, rbac.Token{})))
	h.clock.Advance(2 * time.Hour)
	must(t, second(a.Identify(ctx, rbac.Token{})))
	if age := a.Stats().LeaseAge; age > time.Minute {
		t.Errorf("the lease was renewed by a call: got %v", age)
	}
}

// A queue of hashes that is full shows, and so do the calls that find no place.
func TestStatsOfAFullQueue(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := h.office(rbac.Config{})
	free := a.FillHashQueue()
	before := a.Stats()
	if before.HashesWaiting == 0 {
		t.Error("nobody waits in a full queue")
	}
	a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword})
	if got, want := changed(before, a.Stats()), "LoginsFailed+1 HashWaits+1 HashesBusy+1 Views+1"; got != want {
		t.Errorf("a login that finds no place: got %q, want %q", got, want)
	}
	free()
	eventually(t, "the queue to be empty", func() bool { return a.Stats().HashesWaiting == 0 })
}

// Times are of real time, whatever the clock of the Authority.
func TestStatsHaveTimes(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := h.office(rbac.Config{})
	must(t, second(a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword})))
	s := a.Stats()
	for what, timing := range map[string]rbac.Timing{"HashWaits": s.HashWaits, "Hashes": s.Hashes, "Views": s.Views, "Updates": s.Updates} {
		if mean := timing.Total / time.Duration(max(1, timing.Count)); mean <= 0 || mean > time.Minute {
			t.Errorf("%s took %v each, of %d", what, mean, timing.Count)
		}
	}
}
