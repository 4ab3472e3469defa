// Command rbac answers who may do what in a store of rbac, and changes the
// rights. docs/cli.md describes the verbs.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/rbac-go/rbac/importer/source"
	"github.com/rbac-go/rbac/rbaccli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := rbaccli.Program{Open: openStore, OpenToAsk: openToAsk, Source: source.Open}.Main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
