package rbac_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// viewed is a store that counts Views, and refuses Updates while it is full.
type viewed struct {
	rbac.Store
	views atomic.Int64
	full  atomic.Bool
}

func (s *viewed) View(ctx context.Context, f func(store.Records) error) error {
	s.views.Add(1)
	return s.Store.View(ctx, f)
}

func (s *viewed) Update(ctx context.Context, f func(store.Records) error) error {
	if s.full.Load() {
		return errFault
	}
	return s.Store.Update(ctx, f)
}

// New tickets and users are cached, although the caches are full of others.
func TestFullCachesTurnOver(t *testing.T) {
	const most = 20
	s := &viewed{Store: memorystore.New()}
	h := newHouse(t, s)
	a := h.office(rbac.Config{CachedTickets: most, CachedUsers: most, MaxTickets: 1000, MaxStaleness: time.Hour})
	for range most {
		must(t, second(a.Identify(ctx, h.issue(a, rbac.Login{User: "amy"}))))
	}
	var tokens []rbac.Token
	for range most / 2 {
		tokens = append(tokens, h.issue(a, rbac.Login{User: "amy"}))
	}
	for round := range 3 {
		before := s.views.Load()
		for _, tok := range tokens {
			must(t, second(a.Identify(ctx, tok)))
		}
		if views := s.views.Load() - before; round > 0 && views > 0 {
			t.Errorf("round %d: %d of %d tickets were read from the store again", round, views, len(tokens))
		}
	}
}

// Tickets that were found past their limit stay dead when the clock is set back,
// although many others were found dead before.
func TestLaterEndedTicketsAreRemembered(t *testing.T) {
	const most = 50
	h := newHouse(t, memorystore.New())
	a := h.office(rbac.Config{CachedTickets: most, MaxTickets: 1000, MaxStaleness: time.Hour})
	found := func(state error, tokens ...rbac.Token) {
		t.Helper()
		for i, tok := range tokens {
			if _, err := a.Identify(ctx, tok); !errors.Is(err, state) {
				t.Errorf("ticket %d of %d: %v; want %v", i, len(tokens), err, state)
			}
		}
	}
	issued := func(n int) (tokens []rbac.Token) {
		for range n {
			tokens = append(tokens, h.issue(a, rbac.Login{User: "amy"}))
		}
		return tokens
	}
	first := issued(2 * most)
	h.clock.Advance(100 * time.Hour)
	found(rbac.ErrNoTicket, first...)
	later := issued(most)
	h.clock.Advance(100 * time.Hour)
	found(rbac.ErrNoTicket, later...)
	h.clock.Advance(-100 * time.Hour)
	found(rbac.ErrNoTicket, later...)
}

// The row of a ticket is looked up again after a write of uses has failed.
func TestRowIsLookedUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		s := &viewed{Store: memorystore.New()}
		a, err := rbac.Open(ctx, s, rbac.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		must(t, err)
		defer a.Close()
		must(t, a.Update(ctx, addUser(rbac.User{Name: "amy"})))
		tok, err := a.Issue(ctx, rbac.Login{User: "amy"})
		must(t, err)
		must(t, second(a.Identify(ctx, tok)))
		tickets, err := a.Tickets(ctx, "amy")
		must(t, err)
		must(t, s.Store.Update(ctx, func(r store.Records) error { return r.DeleteTicket(tickets[0].ID) }))

		asked := func(d time.Duration) (err error) {
			for range d / (100 * time.Millisecond) {
				if _, err = a.Identify(rbac.WithoutUse(ctx), tok); errors.Is(err, rbac.ErrNoTicket) {
					return err
				}
				time.Sleep(100 * time.Millisecond)
			}
			return err
		}
		time.Sleep(62 * time.Second)
		s.full.Store(true)
		if err := asked(3 * time.Second); err != nil {
			t.Fatalf("while nothing can be written: %v", err)
		}
		s.full.Store(false)
		if err := asked(5 * time.Second); !errors.Is(err, rbac.ErrNoTicket) {
			t.Errorf("5 s after the store can be written to, the ticket without a row: %v; want ErrNoTicket", err)
		}
	})
}
