// Command blog is a small guarded web service: the example to click through and
// to copy from.
//
//	go run ./examples/blog [-addr 127.0.0.1:8080] [-db blog.db]
//	go run ./examples/blog -db postgres://user@host/database
//
// Read routes.go first, then catalogue.go and deskpage.go. The package
// examples/internal/web has the parts that have nothing to do with rights.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/web"
)

func main() { web.Main("blog", run) }

// run serves the blog until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("blog", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "loopback `address` to listen on")
	db := flags.String("db", "blog.db", "SQLite file or postgres:// `database` for everything")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := web.Listen(*addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	store, posts, err := openStore(ctx, *db, out)
	if err != nil {
		return err
	}
	defer store.Close()
	cfg := config
	cfg.OnEvent = alert(slog.Default())
	authority, err := rbac.Open(ctx, store, cfg)
	if err != nil {
		return err
	}
	defer authority.Close() // before the store
	if err := prepare(ctx, authority, posts); err != nil {
		return err
	}
	mux, handler := newBlog(authority, posts, "http://"+listener.Addr().String(), out).routes()
	if err := mux.Validate(); err != nil { // finds a misspelt permission now, not at a denial
		return err
	}
	fmt.Fprintf(out, "Open http://%v and sign in as\n\n"+
		"  manager, password managepass: administers users and groups\n"+
		"  editor, password editpass: is in no group, until manager assigns one\n"+
		"  amara, password headpass: heads the culture desk, and chooses its sub-editors\n\n", listener.Addr())
	web.PrintRoutes(out, mux.Routes())
	return web.Serve(ctx, listener, handler, nil)
}
