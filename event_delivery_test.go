package rbac_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// The log has the attributes of the event.
func TestLogHasTheAttributesOfEvents(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var log syncBuffer
		plain := func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return a
		}
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: plain}))
		var b inbox
		a := h.office(rbac.Config{Logger: logger, OnEvent: b.receive})
		log.Reset()
		events := b.of(t, a, func() {
			tok, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Addr: home})
			must(t, err)
			a.Login(ctx, rbac.Login{User: "amy", Password: "wrong", Addr: home})
			a.Judge(ctx, tok, rbac.InGroup("chiefs"))
			h.do(a, assign("amy", "staff"))
			must(t, a.SetPassword(ctx, "amy", goodPassword))
		})
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != len(events) || len(events) < 6 {
			t.Fatalf("%d lines for %d events:\n%s", len(lines), len(events), log.String())
		}
		for i, e := range events {
			var want bytes.Buffer
			slog.New(slog.NewTextHandler(&want, &slog.HandlerOptions{ReplaceAttr: plain})).LogAttrs(ctx, slog.LevelInfo, "m", e.LogValue().Group()...)
			attrs := strings.TrimSpace(strings.TrimPrefix(want.String(), "msg=m "))
			if !strings.HasSuffix(lines[i], attrs) || !strings.Contains(lines[i], "event="+string(e.Kind)) {
				t.Errorf("the log has\n%s\nand the event\n%s", lines[i], attrs)
			}
		}
	})
}

// A very large Update keeps its first changes for events, and the log says how
// many have none.
func TestEventsOfALargeUpdate(t *testing.T) {
	h := newHouse(t, openMemory(t))
	var log syncBuffer
	a := h.office(rbac.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	h.do(a, func(tx *rbac.Tx) (err error) {
		for i := range 1030 {
			_, err2 := tx.AddUser(rbac.User{Name: fmt.Sprint("guest", i)})
			err = errors.Join(err, err2)
		}
		return err
	})
	if !strings.Contains(log.String(), "changes=518") {
		t.Errorf("the log does not say that 518 of 1,030 changes have no event:\n%s", log.String())
	}
}

// No call waits for a receiver, and Close waits for one that is slow.
func TestSlowReceiver(t *testing.T) {
	h := newHouse(t, openMemory(t))
	hang, slow := make(chan struct{}), make(chan struct{}, 1)
	done := false
	a := h.office(rbac.Config{OnEvent: func(context.Context, rbac.Event) {
		select {
		case slow <- struct{}{}:
			<-hang
		default:
			done = true
		}
	}})
	for range 2000 {
		a.Judge(ctx, rbac.Token{}, rbac.InGroup("chiefs"))
	}
	if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword}); err != nil {
		t.Error(err)
	}
	if s := a.Stats(); s.EventsDropped < 2000-1024/2-1 || s.EventsDropped >= 2000 {
		t.Errorf("%d of 2,000 denials were dropped behind a receiver that hangs", s.EventsDropped)
	}
	close(hang)
	must(t, a.Close())
	if !done {
		t.Error("Close did not wait for the events that had been sent")
	}
}

// docs/operations.md has a row for each kind, and for no other.
func TestOperationsListsEveryKind(t *testing.T) {
	page, err := os.ReadFile("docs/operations.md")
	must(t, err)
	code, err := os.ReadFile("event.go")
	must(t, err)
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| `(Event\\w+)` \\|").FindAllStringSubmatch(string(page), -1) {
		rows[m[2]] = m[1]
	}
	consts := regexp.MustCompile(`(?m)^\t(Event\w+) +EventKind += events\.\w+ +// (\w+)`).FindAllStringSubmatch(string(code), -1)
	if len(consts) != len(rows) || len(consts) < 18 {
		t.Errorf("%d kinds, and %d rows", len(consts), len(rows))
	}
	for _, m := range consts {
		if rows[m[1]] != m[2] {
			t.Errorf("%s is %q by its comment, and %q in the table", m[1], m[2], rows[m[1]])
		}
	}
	for name, kind := range map[string]rbac.EventKind{
		"EventLogin": rbac.EventLogin, "EventLoginRefused": rbac.EventLoginRefused, "EventThrottled": rbac.EventThrottled,
		"EventLogout": rbac.EventLogout, "EventTicketEnded": rbac.EventTicketEnded,
		"EventPasswordChanged": rbac.EventPasswordChanged, "EventPasswordRefused": rbac.EventPasswordRefused,
		"EventLinkIssued": rbac.EventLinkIssued, "EventLinkRedeemed": rbac.EventLinkRedeemed, "EventLinkExpired": rbac.EventLinkExpired,
		"EventDenied": rbac.EventDenied, "EventRightsChanged": rbac.EventRightsChanged, "EventPolicyChanged": rbac.EventPolicyChanged,
		"EventUserCreated": rbac.EventUserCreated, "EventUserUpdated": rbac.EventUserUpdated, "EventUserDeleted": rbac.EventUserDeleted,
		"EventStoreLost": rbac.EventStoreLost, "EventStoreFound": rbac.EventStoreFound,
	} {
		if rows[name] != string(kind) {
			t.Errorf("%s is %q, and %q in the table", name, kind, rows[name])
		}
	}
}

// OnEvent may ask the Authority, even about the last events before Close.
func TestReceiverAsksTheAuthority(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var a *rbac.Authority
		found := 0
		a = h.office(rbac.Config{OnEvent: func(ctx context.Context, e rbac.Event) {
			if e.Kind != rbac.EventLogin {
				return
			}
			if err := a.View(ctx, func(tx *rbac.Tx) error { return second(tx.UserByID(e.UserID)) }); err != nil {
				t.Error(err)
			}
			found++
		}})
		for range 5 {
			must(t, second(a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword})))
		}
		must(t, a.Close())
		if found != 5 {
			t.Errorf("%d of 5 users were found", found)
		}
	})
}

// The follower of an Authority says when the store is lost, and when it is found
// again, once each.
func TestEventsOfTheStore(t *testing.T) {
	h := newHouse(t, openMemory(t))
	store := &unplugged{Store: h.store}
	h.store = store
	h.realTime = true
	var b inbox
	a := h.open(rbac.Config{OnEvent: b.receive, MaxStaleness: 100 * time.Millisecond})
	count := func(kind rbac.EventKind) (n int) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, e := range b.got {
			if e.Kind == kind && (kind == rbac.EventStoreFound || errors.Is(e.Err, rbac.ErrUnavailable)) {
				n++
			}
		}
		return n
	}
	store.down.Store(true)
	eventually(t, "the store to be lost", func() bool { return count(rbac.EventStoreLost) == 1 })
	failures := a.Stats().FollowerErrors
	eventually(t, "more failures", func() bool { return a.Stats().FollowerErrors > failures+3 })
	store.down.Store(false)
	eventually(t, "the store to be found", func() bool { return count(rbac.EventStoreFound) == 1 })
	if n := count(rbac.EventStoreLost); n != 1 {
		t.Errorf("the store was lost once, with %d events", n)
	}
}

// What a receiver does is not done by whoever caused the event.
func TestReceiverIsNobody(t *testing.T) {
	h := newHouse(t, openMemory(t))
	got := make(chan context.Context, 10)
	a := h.office(rbac.Config{OnEvent: func(ctx context.Context, e rbac.Event) {
		if e.Kind == rbac.EventDenied {
			got <- ctx
		}
	}})
	type trace struct{}
	id := must1(a.Identity(ctx, "amy"))
	under := context.WithValue(rbac.WithReason(rbac.WithActor(rbac.NewContext(ctx, id), "eve"), "by hand"), trace{}, "kept")
	a.Report(under, rbac.Event{Kind: rbac.EventDenied})
	received := <-got
	if rbac.FromContext(received) != nil || received.Value(trace{}) != "kept" {
		t.Errorf("the receiver acts as %v", rbac.FromContext(received))
	}
	must(t, a.Update(received, func(tx *rbac.Tx) error { return second(tx.AddGroup(rbac.Group{Name: "late"})) }))
	if c := h.lastChange(a); c.Actor != "" || c.Reason != "" {
		t.Errorf("the change is by %q, for %q", c.Actor, c.Reason)
	}
}
