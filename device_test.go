package rbac_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

func TestDevices(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxTickets: 100, MaxFailures: 1})
		known := func(rule, user, device string, want bool) {
			t.Helper()
			client, _, err := a.Failures(ctx, rbac.Login{User: user, Device: device})
			must(t, err)
			if (client == "device") != want {
				t.Errorf("%s: counted as %s, known: %v", rule, client, want)
			}
		}
		var devices []string
		for range 12 {
			h.clock.Advance(time.Minute)
			device, err := a.NewDevice(ctx, h.issue(a, rbac.Login{User: "amy"}))
			must(t, err)
			devices = append(devices, device)
		}
		for i, device := range devices {
			known(fmt.Sprintf("a user has ten devices, the latest: %d", i), "amy", device, i >= 2)
		}
		known("another user's", "bob", devices[11], false)
		known("a name that no user has", "zed", devices[11], false)
		known("none", "amy", "", false)
		known("made up", "amy", strings.Repeat("x", 43), false)
		tok := h.issue(a, rbac.Login{User: "amy"})
		first, err := a.NewDevice(ctx, tok)
		must(t, err)
		for n := range 150 {
			wait, _ := tryLogin(t, a, rbac.Login{User: "amy", Password: "wrong", Device: first})
			if n < 100 && wait != 0 || n > 100 && wait != shut { // strangers have attempt 101
				t.Errorf("guess %d with a device: wait %v", n+1, wait)
			}
		}
		known("100 failures in a row make it unknown", "amy", first, false)
		second, err := a.NewDevice(ctx, tok)
		must(t, err)
		known("the ticket's next device inherits them", "amy", second, false)
		known("others are as they were", "amy", devices[11], true)
		must(t, a.Unlock(ctx, "amy"))
		known("until Unlock", "amy", second, true)
		must(t, a.SetPassword(ctx, "amy", goodPassword+"!"))
		known("SetPassword ends them", "amy", second, false)
		known("all of them", "amy", devices[11], false)
		if _, err := a.NewDevice(ctx, tok); err != rbac.ErrNoTicket {
			t.Errorf("NewDevice with an ended ticket: %v", err)
		}
		if _, err := a.NewDevice(ctx, rbac.Token{}); err != rbac.ErrNoTicket {
			t.Errorf("NewDevice without a ticket: %v", err)
		}
		last, err := a.NewDevice(ctx, h.issue(a, rbac.Login{User: "amy"}))
		must(t, err)
		h.clock.Advance(400*24*time.Hour - time.Microsecond)
		known("just before 400 days", "amy", last, true)
		h.clock.Advance(time.Microsecond)
		known("after 400 days", "amy", last, false)
	})
}

// The stored records of a device, and of a typed name, do not reveal the device
// or the name.
func TestThrottlesHoldNoSecrets(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		device, err := a.NewDevice(ctx, h.issue(a, rbac.Login{User: "amy"}))
		must(t, err)
		guess(t, a, "my secret password", 1, home)
		must(t, h.store.View(ctx, func(r store.Records) error {
			u, err := r.User(store.UserKey{Name: "amy"})
			must(t, err)
			list, err := r.UserThrottles(u.ID)
			must(t, err)
			if text := fmt.Sprintf("%v %x", list, list); len(list) != 1 || strings.Contains(text, device) || strings.Contains(text, "secret") {
				t.Errorf("stored: %s", text)
			}
			return nil
		}))
	})
}
