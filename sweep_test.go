package rbac_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// logText is the log so far. It is safe for concurrent use.
type logText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A clock that is months ahead for a minute deletes nothing, neither in a
// running Authority nor in an Authority opened meanwhile, and the log has a
// warning.
func TestClockAheadDeletesNothing(t *testing.T) {
	const ahead = 91 * 24 * time.Hour
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		changes := len(changesSince(t, a, 0))
		var running, opened logText
		b := h.open(rbac.Config{Logger: slog.New(slog.NewTextHandler(&running, nil))})
		must(t, b.SweepIfSettled(ctx))
		if text := running.String(); strings.Contains(text, "until the clock") {
			t.Errorf("nothing is wrong with the clock, and yet it logs %s", text)
		}
		h.clock.Advance(ahead)
		must(t, b.SweepIfSettled(ctx))
		c := h.open(rbac.Config{Logger: slog.New(slog.NewTextHandler(&opened, nil))})
		must(t, c.SweepIfSettled(ctx))
		h.issue(c, rbac.Login{User: "nora"}) // c's own writes prove nothing about the clock
		h.do(c, addGroup(rbac.Group{Name: "new"}))
		must(t, c.SweepIfSettled(ctx))
		h.clock.Advance(time.Minute - ahead)
		for _, x := range []*rbac.Authority{b, c} {
			must(t, x.SweepIfSettled(ctx))
		}
		checkAlive(t, "the clock was ahead for a minute", h.open(rbac.Config{}), alive, tok)
		if now := len(changesSince(t, a, 0)); now != changes+1 {
			t.Errorf("there are %d changes, want the %d from before and the new one", now, changes)
		}
		for what, text := range map[string]string{"running": running.String(), "opened meanwhile": opened.String()} {
			if !strings.Contains(text, "level=WARN") || !strings.Contains(text, "until the clock has run evenly") {
				t.Errorf("an Authority that was %s logs\n%s", what, text)
			}
		}
	})
}

// MaxTickets ends the tickets that were made first, whenever their users were
// authenticated, and Tickets lists tickets in the same order.
func TestMaxTicketsEndsTheOneMadeFirst(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxTickets: 3})
		var tokens []rbac.Token
		for _, before := range []time.Duration{0, 11 * time.Hour, time.Hour, 5 * time.Hour} {
			h.clock.Advance(time.Minute)
			tokens = append(tokens, h.issue(a, rbac.Login{User: "amy", AuthenticatedAt: h.clock.Now().Add(-before)}))
		}
		checkAlive(t, "made first", a, dead, tokens[0])
		checkAlive(t, "made later", a, alive, tokens[1:]...)
		list, err := a.Tickets(ctx, "amy")
		must(t, err)
		for i, tok := range tokens[1:] {
			if ticket, err := a.Ticket(ctx, tok); err != nil || ticket.ID != list[i].ID {
				t.Errorf("place %d has %v, want %v, %v", i, list[i].ID, ticket.ID, err)
			}
		}
	})
}
