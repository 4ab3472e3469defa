package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/rbac-go/rbac"
)

// stream is a browser that listens in a room while its page is open:
//
//   - Each message is judged just before the message is sent. The request was judged
//     at its arrival, which may be hours ago.
//   - Watch reports changes while nobody says anything: the form of the page follows,
//     or the stream ends.
//   - A stream is no use of the ticket (see quiet), so a user who left the desk is
//     logged out in time.
type stream struct {
	chat  *chat
	room  room
	token rbac.Token
	out   *events

	last  int64    // the last message that the client has
	known bool     // Watch has reported the rights of the user
	told  standing // the last standing that was sent to the client
}

// standing is whether the user of a page may speak.
type standing struct {
	MaySpeak bool   `json:"maySpeak"`
	Why      string `json:"why"` // the user may not speak
}

const (
	mostMissed   = 200             // missed messages that a client gets when it comes back
	decideWithin = 2 * time.Second // or else the stream ends, and the client comes back
)

var (
	errTold   = errors.New("the client was told to ask for the page")
	errBehind = errors.New("the client does not keep up")
)

// stream answers GET /rooms/{room}/events. A browser that lost its connection
// sends its Last-Event-ID; a page sends its last message in ?after=. The id
// only says where to begin: messages of other rooms are never sent.
func (c *chat) stream(w http.ResponseWriter, r *http.Request) {
	m, err := roomOf(r)
	if err != nil {
		c.guard.Deny(w, r, err)
		return
	}
	after, err := lastOf(r)
	if err != nil {
		http.Error(w, "This is no id of a message.", http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodHead { // would get no event, and wait for the end
		return
	}
	sub, err := c.hub.subscribe(m.Name, rbac.FromContext(r.Context()).ID())
	if err != nil {
		http.Error(w, "You have too many pages open.", http.StatusTooManyRequests)
		return
	}
	defer c.hub.unsubscribe(sub)
	ctx, cancel := context.WithCancel(r.Context()) // WithoutUse: see routes
	defer cancel()
	defer context.AfterFunc(c.running, cancel)()
	out, err := newEvents(w)
	if err != nil {
		c.guard.Deny(w, r, err)
		return
	}
	s := &stream{chat: c, room: m, token: c.guard.Token(r), out: out, last: after}
	_ = s.run(ctx, sub) // the client may come back, whatever ended the stream
}

// lastOf returns the last message that the client has. The header of a browser
// that comes back is newer than the URL in its page.
func lastOf(r *http.Request) (int64, error) {
	id := r.Header.Get("Last-Event-ID")
	if id == "" {
		id = r.Form.Get("after")
	}
	if id == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(id, 10, 63)
	return int64(n), err
}

// run sends messages until sending fails or is no longer allowed.
func (s *stream) run(ctx context.Context, sub *subscription) error {
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	watched := s.watch(ctx)
	beats := time.NewTicker(s.chat.beat)
	defer beats.Stop()
	for {
		heard := sub.news
		if !s.known {
			heard = nil // messages wait in the buffer
		}
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now, ok := <-watched:
			if !ok {
				return rbac.ErrUnavailable
			}
			err = s.changed(now)
		case n, ok := <-heard:
			if !ok {
				return errBehind
			}
			err = s.send(ctx, n)
		case <-beats.C:
			err = s.out.beat() // fails if the client is gone
		}
		if err != nil {
			return err
		}
	}
}

// catchUp sends the messages that the client has missed.
func (s *stream) catchUp(ctx context.Context) error {
	var missed []message
	var seen rbac.Revision
	var last int64
	err := s.chat.authority.View(ctx, func(tx *rbac.Tx) (err error) {
		if last, err = lastID(ctx, tx); err != nil {
			return err
		}
		if missed, err = messagesAfter(ctx, tx, s.room.Name, s.last, mostMissed+1); err != nil {
			return err
		}
		seen, err = revision(tx)
		return err
	})
	switch {
	case err != nil:
		return err
	case s.last > last, len(missed) > mostMissed: // an id of another history, or too much for a page
		return s.leave()
	}
	for _, m := range missed {
		if err := s.send(ctx, news{m, seen}); err != nil {
			return err
		}
	}
	return nil
}

// send judges the user, and sends the message. AtLeast makes the judgement
// count every change that was made before the message was written, also by
// another process a moment ago.
func (s *stream) send(ctx context.Context, n news) error {
	if n.ID <= s.last {
		return nil // was in the history
	}
	within, cancel := context.WithTimeout(rbac.AtLeast(ctx, n.seen), decideWithin)
	defer cancel()
	err := s.chat.authority.Judge(within, s.token, s.room.mayRead())
	switch {
	case errors.Is(err, rbac.ErrNoTicket), errors.Is(err, rbac.ErrDenied):
		return s.leave()
	case err != nil:
		return err
	}
	s.last = n.ID
	return s.out.send("message", n.ID, view(n.message))
}

// watched is a value that Watch yields.
type watched struct {
	id  *rbac.Identity
	err error
}

// watch returns a channel with the values that Watch yields. The channel is
// closed after the last value.
func (s *stream) watch(ctx context.Context) <-chan watched {
	out := make(chan watched)
	go func() {
		defer close(out)
		for id, err := range s.chat.authority.Watch(ctx, s.token) {
			select {
			case out <- watched{id, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// changed applies a change of the user's rights.
func (s *stream) changed(now watched) error {
	switch {
	case errors.Is(now.err, rbac.ErrNoTicket):
		return s.leave()
	case now.err != nil:
		s.known = false
		return s.tell(standing{Why: "it cannot be decided at the moment what you may do"})
	case !rbac.Met(now.id, s.room.mayRead()):
		return s.leave()
	}
	s.known = true
	return s.tell(standingOf(now.id, s.room))
}

func standingOf(id *rbac.Identity, m room) standing {
	err := rbac.Check(id, m.maySpeak())
	var denied *rbac.DeniedError
	if errors.As(err, &denied) {
		return standing{Why: denied.WithoutGroups()}
	}
	return standing{MaySpeak: err == nil}
}

func (s *stream) tell(now standing) error {
	if now == s.told {
		return nil
	}
	s.told = now
	return s.out.send("standing", 0, now)
}

// leave makes the browser request the page again. The guard answers with the
// login page after the end of the ticket, and with the reason after a removal.
func (s *stream) leave() error {
	return errors.Join(errTold, s.out.send("reload", 0, nil))
}
