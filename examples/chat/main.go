// Command chat is a guarded service with long-lived streams: rooms over Server-Sent Events, on SQLite. An
// administrator mutes somebody or takes them out of a room, and their open page obeys at once.
//
//	go run ./examples/chat [-addr 127.0.0.1:8082] [-db chat.db]
//
// Read room.go first, which has the rules, then stream.go, hub.go and moderate.go. What to copy from it:
//
//   - A stream is judged for each message and not once for the connection. [rbac.Authority.Watch] tells it of changes, so
//     that who is muted sees the form go at once, and who is taken out or logged out is sent away.
//   - A message is judged in the transaction that writes it. What a page disables is for the eye.
//   - Listening is no use of the ticket: who has left is logged out in time, however much the others talk.
//   - The history is a table beside those of the store. A browser that lost its connection gets what it missed (Last-Event-ID).
//   - Who reads too slowly is given up, and gets the rest from the history: buffers are bounded, writes have deadlines.
//   - Several of these programs may run on one file. What is said in another one comes within a quarter of a second, and
//     never to who had lost the room by then, in whichever.
//
// Browsers have six connections to a site over HTTP/1.1, and each open room takes one; over TLS, with HTTP/2, it does not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

// run serves the chat until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("chat", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8082", "loopback `address` to listen on")
	path := flags.String("db", "chat.db", "SQLite `file` for everything")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := listen(*addr)
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
	welcome(out, listener.Addr(), mux.Routes())
	return serve(ctx, listener, handler, chat.endStreams)
}

// welcome tells what to open and who may open what.
func welcome(out io.Writer, addr net.Addr, routes []httpguard.Route) {
	fmt.Fprintf(out, "Open http://%v in two browsers, or a private window, and sign in as\n\n"+
		"  manager, password managepass: reads and writes everywhere, and moderates\n"+
		"  ann, password annspass, and bob, password bobspass: speak in General\n\n", addr)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "ROUTE\tNEEDS")
	for _, r := range routes {
		fmt.Fprintf(table, "%s\t%s\n", r.Pattern, r.Rule)
	}
	table.Flush()
	fmt.Fprintln(out)
}
