package rbac_test

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// An attempt under way reserves its place for at most a minute. An attempt that
// finds only reservations in its way waits for 2 s, and gets the place if the
// place is given back.
func TestReservedPlaces(t *testing.T) {
	tests := []struct {
		rule      string
		meanwhile func(a *rbac.Authority)
		waits     time.Duration
		want      error
	}{
		{"no place is given back", func(*rbac.Authority) {}, 1900 * time.Millisecond, rbac.ErrBusy},
		{"one is given back, for a right password", func(a *rbac.Authority) {
			time.Sleep(950 * time.Millisecond)
			a.EndAttempt(ctx, false)
		}, time.Second, nil},
		{"one becomes a failure", func(a *rbac.Authority) {
			time.Sleep(950 * time.Millisecond)
			a.EndAttempt(ctx, true)
		}, 1900 * time.Millisecond, rbac.ErrBusy},
		{"the minute of both is over", func(*rbac.Authority) { time.Sleep(time.Minute) }, 0, nil},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			a, err := rbac.Open(ctx, memorystore.New(), rbac.Config{MaxFailures: 2, Argon2id: cheap, Logger: slog.New(slog.DiscardHandler)})
			must(t, err)
			defer a.Close()
			_, err = a.CreateUser(ctx, rbac.User{Name: "amy"}, goodPassword)
			must(t, err)
			for range 2 {
				a.BeginAttempt(ctx, "amy")
			}
			if tt.waits == 0 {
				tt.meanwhile(a)
			} else {
				go tt.meanwhile(a)
			}
			start := time.Now()
			_, err = a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword})
			if !errors.Is(err, tt.want) || time.Since(start) != tt.waits {
				t.Errorf("%s: got %v after %v, want %v after %v", tt.rule, err, time.Since(start), tt.want, tt.waits)
			}
		})
	}
}
