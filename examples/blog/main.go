// Command blog is a small guarded web service: the example to click through and to copy from.
//
//	go run ./examples/blog [-addr 127.0.0.1:8080] [-db blog.db | -db postgres://user@host/database]
//
// Read routes.go first, then catalogue.go and admin.go.
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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "blog:", err)
		os.Exit(1)
	}
}

// run serves the blog until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("blog", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "loopback `address` to listen on")
	db := flags.String("db", "blog.db", "SQLite file or postgres:// `database` for everything")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := listen(*addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	store, posts, err := openStore(ctx, *db, out)
	if err != nil {
		return err
	}
	defer store.Close()
	authority, err := rbac.Open(ctx, store, config)
	if err != nil {
		return err
	}
	defer authority.Close() // before the store
	if err := prepare(ctx, authority, posts); err != nil {
		return err
	}
	mux, handler := newBlog(authority, posts).routes()
	if err := mux.Validate(); err != nil { // a misspelt permission shows now, not at a denial
		return err
	}
	welcome(out, listener.Addr(), mux.Routes())
	return serve(ctx, listener, handler)
}

// welcome tells what to open and who may open what.
func welcome(out io.Writer, addr net.Addr, routes []httpguard.Route) {
	fmt.Fprintf(out, "Open http://%v and sign in as\n\n"+
		"  manager, password managepass: administers users and groups\n"+
		"  editor, password editpass: is in no group, until manager assigns one\n\n", addr)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "ROUTE\tNEEDS")
	for _, r := range routes {
		fmt.Fprintf(table, "%s\t%s\n", r.Pattern, r.Rule)
	}
	table.Flush()
	fmt.Fprintln(out)
}
