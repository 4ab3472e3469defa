// Command chat is a guarded service with long-lived streams: rooms over
// Server-Sent Events, on SQLite. An administrator mutes a user or removes the
// user from a room, and the user's open page obeys at once.
//
//	go run ./examples/chat [-addr 127.0.0.1:8082] [-db chat.db]
//
// Read room.go first, which has the rules, then stream.go, hub.go and
// moderate.go. Copy the following:
//
//   - A stream is judged for each message and not once for the connection.
//     [rbac.Authority.Watch] reports changes: a muted user sees the form
//     disappear, and a user who was removed or logged out leaves the page.
//   - A message is judged in the transaction that writes the message. Disabling
//     a form on a page protects nothing.
//   - Listening does not count as a use of the ticket: a user who left the desk is
//     logged out in time, however much the others talk.
//   - The history is a table beside the tables of the store. A browser that lost
//     its connection gets the missed messages (Last-Event-ID).
//   - A client that reads too slowly is disconnected, and gets the rest from the
//     history: buffers are bounded, and writes have deadlines.
//   - Several of these programs may run on one file. A message that was sent to
//     another program arrives within a quarter of a second. A user who had lost the
//     room before never gets the message, in whichever program.
//
// Browsers open six connections to a site over HTTP/1.1, and each open room
// takes a connection; HTTP/2, which needs TLS, has no such limit.
//
// The package examples/internal/web has the parts that have nothing to do with
// rights.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/web"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

func main() { web.Main("chat", run) }

// run serves the chat until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("chat", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8082", "loopback `address` to listen on")
	path := flags.String("db", "chat.db", "SQLite `file` for everything")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := web.Listen(*addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	store, err := sqlitestore.Open(ctx, *path, sqlitestore.Options{})
	if err != nil {
		return err
	}
	defer store.Close()
	authority, err := rbac.Open(ctx, store, config)
	if err != nil {
		return err
	}
	defer authority.Close() // before the store
	if err := prepare(ctx, authority); err != nil {
		return err
	}
	chat, err := newChat(ctx, authority)
	if err != nil {
		return err
	}
	defer chat.close() // before the Authority
	mux, handler := chat.routes()
	if err := mux.Validate(); err != nil {
		return err
	}
	fmt.Fprintf(out, "Open http://%v in two browsers, or a private window, and sign in as\n\n"+
		"  manager, password managepass: reads and writes everywhere, and moderates\n"+
		"  ann, password annspass, and bob, password bobspass: speak in General\n\n", listener.Addr())
	web.PrintRoutes(out, mux.Routes())
	return web.Serve(ctx, listener, handler, chat.endStreams)
}
