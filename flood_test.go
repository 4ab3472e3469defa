package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// Sixty-four prefixes of eight sites, with twelve connections each, ask for
// made-up names all the time. The owner gets in at the first try, and a
// stranger in most tries.
func TestFloodStopsNoLogins(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := h.office(rbac.Config{MaxFailures: 1000, MaxTickets: 1000, Argon2id: rbac.Argon2id{MemoryKiB: 1024, Time: 1, Threads: 1}})
	h.user(a, "bob", goodPassword)
	login := func(user string, from netip.Addr) (rbac.Token, error) {
		return a.Login(ctx, rbac.Login{User: user, Password: goodPassword, Addr: from})
	}
	owner, err := login("amy", home)
	must(t, err)

	flood, stop := context.WithCancel(ctx)
	var attackers sync.WaitGroup
	defer attackers.Wait()
	defer stop()
	var full sync.WaitGroup // until each prefix has been refused
	full.Add(64)
	for prefix := range 64 {
		from := netip.AddrFrom16([16]byte{0x20, 1, 5: byte(prefix / 8), 6: byte(prefix), 15: 1})
		turnedAway := sync.OnceFunc(full.Done)
		for range 12 {
			attackers.Go(func() {
				for n := 0; flood.Err() == nil; n++ {
					// Ten names for each prefix: another rule would hold up
					// wider spraying.
					_, err := a.Login(flood, rbac.Login{User: fmt.Sprint("user", prefix, ".", n%10), Password: "guess", Addr: from})
					if errors.Is(err, rbac.ErrBusy) {
						turnedAway()
						// the delay of a network, which leaves the machine some
						// time
						time.Sleep(20 * time.Millisecond)
					}
				}
			})
		}
	}
	full.Wait()
	in := 0
	for n := range 10 {
		if _, err := login("amy", home); err != nil {
			t.Errorf("try %d of the owner: %v", n+1, err)
		}
		if owner, err = a.ChangePassword(ctx, owner, goodPassword, goodPassword); err != nil {
			t.Fatalf("ChangePassword, try %d: %v", n+1, err)
		}
		_, err = login("bob", addr(n))
		if err == nil {
			in++
		} else if !errors.Is(err, rbac.ErrBusy) {
			t.Errorf("try %d of a stranger: %v", n+1, err)
		}
	}
	if in <= 5 {
		t.Errorf("a stranger got in %d times of 10", in)
	}
}
