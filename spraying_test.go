package rbac_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// Password spraying: one prefix fails for many names, once for each name.
func TestSprayingWaits(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		h.user(a, "bob", goodPassword)
		if _, ok := try(t, a, "bob", goodPassword, addr(0)); !ok {
			t.Fatal("bob logs in from the attacker's address")
		}
		spray := func(rule string, hours int, from func(n int) netip.Addr, most int) {
			t.Helper()
			verified, throttled := 0, 0
			for n := range 300 * hours {
				h.clock.Advance(12 * time.Second)
				if wait, _ := try(t, a, fmt.Sprint(rule, n), "wrong", from(n)); wait == 0 {
					verified++
				} else if throttled++; wait > 15*time.Minute || wait < 0 {
					t.Fatalf("%s: wait %v", rule, wait)
				}
			}
			if verified > most || verified < 20 || throttled == 0 {
				t.Errorf("%s: %d names were tried in %d hours, want at most %d", rule, verified, hours, most)
			}
		}
		spray("one address", 2, func(int) netip.Addr { return addr(0) }, 50)
		if _, ok := try(t, a, "bob", goodPassword, addr(0)); !ok {
			t.Error("a client that is known for its name does not wait for the prefix's failures")
		}
		if wait, _ := try(t, a, "amy", goodPassword, addr(0)); wait <= 0 {
			t.Errorf("a client that is not known does: %v", wait)
		}
		spray("one /64", 1, func(n int) netip.Addr { return netip.AddrFrom16([16]byte{0x20, 1, 15: byte(n)}) }, 40)
		spray("a /48", 1, func(n int) netip.Addr { return netip.AddrFrom16([16]byte{0x20, 2, 7: byte(n)}) }, 130)
		spray("a /24", 1, func(n int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}) }, 130)
		if wait, ok := try(t, a, "amy", goodPassword, addr(1)); !ok {
			t.Errorf("another network waits for nothing: %v", wait)
		}
	})
}

// An office behind one address, each of whose users mistypes the password once,
// waits for nothing.
func TestMistypingOfficeWaitsForNothing(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		h.user(a, "bob", goodPassword)
		for range 60 {
			for _, user := range []string{"amy", "bob"} {
				guess(t, a, user, 5, home)
				if wait, ok := try(t, a, user, goodPassword, home); !ok {
					t.Fatalf("%s waits %v", user, wait)
				}
			}
		}
	})
}
