package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// hub reads the history once for all streams of this process, and sends new
// messages to the streams of the room. It finds messages of other processes on
// the file by polling.
type hub struct {
	authority *rbac.Authority
	wake      chan struct{}
	last      int64 // the last message that was sent on; only follow uses the field

	mu   sync.Mutex
	open map[*subscription]struct{}
}

// subscription is the news of a room for one stream.
type subscription struct {
	room string
	user uuid.UUID
	// news is closed when the stream did not keep up. The stream must end, and
	// its client reads the rest from the history.
	news chan news
}

// news is a message from the history.
type news struct {
	message
	// seen is the revision of the transaction that read the message. A user who
	// is judged at least by this revision has lost every right that was taken,
	// in whatever process, before the message was written.
	seen rbac.Revision
}

const (
	buffered   = 64                     // messages that a stream may be behind
	mostOpen   = 10                     // streams of a user, each of which holds a connection
	pollEvery  = 250 * time.Millisecond // for messages of other processes; a message of this process wakes the hub
	mostAtOnce = 100                    // messages in one transaction
)

var errTooMany = errors.New("too many streams of one user")

// newHub returns a hub that sends on the messages from now on.
func newHub(ctx context.Context, a *rbac.Authority) (*hub, error) {
	h := &hub{authority: a, wake: make(chan struct{}, 1), open: map[*subscription]struct{}{}}
	return h, a.View(ctx, func(tx *rbac.Tx) (err error) {
		h.last, err = lastID(ctx, tx)
		return err
	})
}

// subscribe begins to collect the messages of a room. A stream reads earlier
// messages after the call, so that no message is missing between the two. The
// caller must call unsubscribe in the end.
func (h *hub) subscribe(room string, user uuid.UUID) (*subscription, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for s := range h.open {
		if s.user == user {
			n++
		}
	}
	if n >= mostOpen {
		return nil, errTooMany
	}
	s := &subscription{room, user, make(chan news, buffered)}
	h.open[s] = struct{}{}
	return s, nil
}

func (h *hub) unsubscribe(s *subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, s)
}

// said wakes the hub after a new message.
func (h *hub) said() {
	select {
	case h.wake <- struct{}{}:
	default: // the hub will read anyway
	}
}

// follow sends messages on until ctx ends.
func (h *hub) follow(ctx context.Context, every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	failing := false
	for {
		more, err := h.sendNew(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing: // once, not four times a second
			slog.Error("chat: the history cannot be read", "error", err)
		case err == nil && failing:
			slog.Info("chat: the history can be read again")
		}
		failing = err != nil
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		case <-h.wake:
		}
	}
}

// sendNew sends new messages on, and reports whether there may be more.
func (h *hub) sendNew(ctx context.Context) (more bool, err error) {
	var list []message
	var seen rbac.Revision
	err = h.authority.View(ctx, func(tx *rbac.Tx) (err error) {
		if list, err = allMessagesAfter(ctx, tx, h.last, mostAtOnce); err != nil || len(list) == 0 {
			return err
		}
		seen, err = revision(tx)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, m := range list {
		h.handOn(news{m, seen})
		h.last = m.ID
	}
	return len(list) == mostAtOnce, nil
}

// handOn sends a message to the streams of its room, and never blocks: a stream
// that does not keep up is closed.
func (h *hub) handOn(n news) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.open {
		if s.room != n.Room {
			continue
		}
		select {
		case s.news <- n:
		default:
			close(s.news)
			delete(h.open, s)
		}
	}
}

// revision returns the revision of the last change that a transaction sees.
func revision(tx *rbac.Tx) (rbac.Revision, error) {
	for c, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: 1}) {
		return c.Revision, err
	}
	return 0, nil
}
