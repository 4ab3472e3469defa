package adapters

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// sockets serves WebSockets to users who satisfy a rule. A WebSocket ends as
// soon as its user does not.
type sockets struct {
	auth  *rbac.Authority
	guard *httpguard.Guard
	rule  rbac.Predicate

	news    func(context.Context) <-chan string // what the client gets, until the context ends
	receive func(context.Context, []byte) error // handles a message of the client
	within  time.Duration                       // for each write, and between two pings
}

// socket is one WebSocket, with the request that began it.
type socket struct {
	sockets
	conn *websocket.Conn
	r    *http.Request
}

func (s sockets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.guard.Authorize(w, r, s.rule) {
		return // Authorize has answered
	}
	// The Guard has checked the Origin, and knows the Site behind a proxy.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	var parts sync.WaitGroup
	defer parts.Wait()
	defer conn.CloseNow() // after a panic, too
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	c := socket{s, conn, r}
	parts.Go(func() { c.end(c.watch(ctx)) })
	parts.Go(func() { c.end(c.send(ctx)) })
	c.end(c.receiveAll(ctx))
}

// judge identifies the user again, as the request did, and judges the user. The
// returned context has the new Identity.
func (c socket) judge(ctx context.Context) (context.Context, error) {
	return c.guard.Call(ctx, c.r.URL.Path, c.r.Header, c.rule)
}

// watch waits for the end of the ticket or of the right, however silent the
// WebSocket is.
func (c socket) watch(ctx context.Context) error {
	ctx = rbac.WithoutUse(ctx)
	for range c.auth.Watch(ctx, c.guard.Token(c.r)) {
		if _, err := c.judge(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// send judges the user before each message to the client.
func (c socket) send(ctx context.Context) error {
	ctx = rbac.WithoutUse(ctx) // the user may have left the desk
	news, pings := c.news(ctx), time.NewTicker(c.within)
	defer pings.Stop()
	for {
		write := c.conn.Ping
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pings.C:
		case text, ok := <-news:
			if !ok {
				return nil
			}
			write = func(ctx context.Context) error {
				return c.conn.Write(ctx, websocket.MessageText, []byte(text))
			}
		}
		if _, err := c.judge(ctx); err != nil {
			return err
		}
		if err := c.inTime(ctx, write); err != nil {
			return err
		}
	}
}

// inTime closes the WebSocket of a client that does not read.
func (c socket) inTime(ctx context.Context, write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	return write(ctx)
}

// receiveAll judges the user before each message of the client counts.
func (c socket) receiveAll(ctx context.Context) error {
	for {
		_, message, err := c.conn.Read(ctx)
		if err != nil {
			return err
		}
		now, err := c.judge(ctx)
		if err != nil {
			return err
		}
		if err := c.receive(now, message); err != nil {
			return err
		}
	}
}

// end closes the WebSocket, unless it is closed already. At 1008 a page should
// be requested again: the Guard answers with the login or the reason.
func (c socket) end(err error) {
	switch {
	case errors.Is(err, rbac.ErrDenied), errors.Is(err, rbac.ErrNoTicket):
		c.conn.Close(websocket.StatusPolicyViolation, "not allowed any more")
	case errors.Is(err, rbac.ErrUnavailable):
		c.conn.Close(websocket.StatusTryAgainLater, "try again")
	case err != nil:
		c.conn.Close(websocket.StatusInternalError, "")
	default:
		c.conn.Close(websocket.StatusNormalClosure, "")
	}
}
