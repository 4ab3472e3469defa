// Command notes is the service of docs/first-service.md: an API for the notes of
// organisations, with an administration console and a command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbaccli"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

// config protects the last administrator: nobody may remove the last holder of
// rbac.administer.
var config = rbac.Config{CheckPassword: rbac.CommonPassword, Protected: []string{"rbac.administer"}}

const usage = `Usage: notes               serve the notes at http://127.0.0.1:8082
       notes admin VERB …  administer users and rights; "notes admin --help" lists the verbs
`

// run serves the notes, or runs a verb of the command line: notes admin …
func run(ctx context.Context, args []string) (code int, err error) {
	command := len(args) > 0 && args[0] == "admin"
	if len(args) > 0 && !command {
		fmt.Fprint(os.Stderr, usage)
		return 2, nil
	}
	if command && (len(args) == 1 || slices.Contains(args, "--help")) { // help needs no store
		return rbaccli.Program{Name: "notes admin"}.Main(ctx, args[1:]), nil
	}
	// Only the service and "notes admin init" make the store: in a wrong folder,
	// the other verbs end with an error.
	verb := command && args[1] != "init"
	store, err := sqlitestore.Open(ctx, "notes.db", sqlitestore.Options{MustExist: verb})
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: \"notes admin init\" makes the store", err)
	}
	if err != nil {
		return 69, err // as the verbs do: 1 is the answer no
	}
	defer store.Close()
	config := config
	if command {
		config.Logger = slog.New(slog.DiscardHandler) // the verbs print what happens
	}
	auth, err := rbac.Open(ctx, store, config)
	if err != nil {
		return 1, err
	}
	defer auth.Close()
	if err := auth.Declare(ctx, catalogue); err != nil {
		return 1, err
	}
	guard := newGuard(auth, "http://127.0.0.1:8082")
	if command {
		program := rbaccli.Program{Name: "notes admin", Authority: auth, Store: store, PasswordURL: guard.PasswordURL}
		return program.Main(rbac.WithActor(ctx, os.Getenv("USER")), args[1:]), nil
	}
	handler, _, err := newService(auth, guard, &notes{})
	if err != nil {
		return 1, err
	}
	return 0, serve(ctx, "127.0.0.1:8082", handler)
}

// serve serves until the context ends, and then finishes the requests under way.
func serve(ctx context.Context, addr string, handler http.Handler) error {
	server := &http.Server{
		Addr:              addr,
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		ended <- server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}
