// Package rbaccli is the command line of rbac: questions about rights, and the
// administration of users, groups and permissions, as docs/cli.md lists them.
//
// Command rbac (cmd/rbac) runs the verbs on a store that the user names. A
// service offers the same verbs for its own Authority, with its own Config, in
// its own binary:
//
//	if len(os.Args) > 1 && os.Args[1] == "admin" {
//		os.Exit(rbaccli.Program{Name: "blog admin", Authority: auth, Store: store}.Main(ctx, os.Args[2:]))
//	}
//
// # Cautions
//
// The command line asks for no password: anybody who can run the program with
// access to the store can do everything. The change log marks the actor as
// asserted by a program.
//
// This package imports no store with a driver, so that a service gets no second
// driver.
package rbaccli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/rbac-go/rbac"
)

// Main runs one verb on an Authority and returns the exit code, as docs/cli.md
// lists the codes. The args do not include the name of the program. Main reads
// and writes the standard streams. The caller closes a. Changes have the actor
// and the reason of ctx, unless args name others. If ctx has neither an Identity
// nor an actor, the actor is the account of the operating system. Without an
// Authority the exit code is 69.
//
// Main may be called concurrently with any method of a.
func Main(ctx context.Context, args []string, a *rbac.Authority) int {
	return Program{Authority: a}.Main(ctx, args)
}

// Program configures a command line with the verbs. If Authority and Open are
// both nil, the Program answers only --help, with the help of a service: a
// service can print its help before the service opens its store.
type Program struct {
	// Name has the words that the user types before a verb, for help and
	// errors, such as "notes admin". Empty: "rbac", or the base name of the
	// executable if there is an Authority.
	Name string
	// The verbs work on Authority. Nil: each call opens a store by Open.
	Authority *rbac.Authority
	// Store is the store of the Authority, for the verbs backup and check, which
	// are missing without Store. Store is not used without an Authority.
	Store rbac.Store
	// PasswordURL returns the address at which the user of a link chooses a
	// password, as PasswordURL of an httpguard.Guard does. The verbs init, link
	// invite and link reset then print such addresses without --url. Nil: the
	// user names the page by --url or RBAC_URL.
	PasswordURL func(rbac.Token) string
	// Open opens the store that the user names by --store or RBAC_STORE. Open
	// may create a store or migrate tables only if create is true, as for the
	// verb init. Open is not used if there is an Authority.
	Open func(ctx context.Context, store string, create bool) (Store, error)
	// Source opens the database of another system for the verb import, as Open
	// of package importer/source does. Nil: only files are imported. Source is
	// not used if there is an Authority: a service calls package importer.
	Source func(dsn string) (*sql.DB, error)
	// OpenToAsk opens the store for a verb that only asks, without writing to
	// the store. Nil: Open. OpenToAsk is not used if there is an Authority.
	OpenToAsk func(ctx context.Context, store string) (Store, error)

	Stdin          io.Reader           // nil: os.Stdin
	Stdout, Stderr io.Writer           // nil: os.Stdout and os.Stderr
	Getenv         func(string) string // nil: os.Getenv
}

// Store is a store that Program.Open has opened. The Program closes the Store.
//
// The verb doctor checks more if the Store has further methods: Path() string
// for the file of the store, and Now(context.Context) (time.Time, error) for
// the clock of the database server.
type Store interface {
	rbac.Store
	Close() error
}

// Main is the function Main for a Program.
func (p Program) Main(ctx context.Context, args []string) (code int) {
	c := newCall(ctx, p)
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(c.stderr, "%s: a fault in the program: %v\n%s", c.name, v, debug.Stack())
			code = exitOther
		}
	}()
	err := c.run(args)
	text := c.message(err) // asks the store for similar names
	if closing := c.close(); err == nil && closing != nil {
		err, text = closing, c.message(closing)
	}
	if text != "" {
		fmt.Fprintln(c.stderr, c.name+": "+text)
	}
	return c.exitCode(err)
}

// run parses the arguments and runs the verb.
func (c *call) run(args []string) (err error) {
	parser, err := c.newParser()
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(customary(args))
	if errors.Is(err, errHelp) {
		return nil
	}
	if err != nil {
		return usageError(c.name, err)
	}
	verb := parsed.Selected().Target.Addr().Interface()
	if _, ok := verb.(storeless); !ok {
		_, writes := verb.(interface{ changes() *change })
		_, c.storeOnly = verb.(interface{ storeOnly() })
		if err := c.open(writes); err != nil {
			return err
		}
	}
	defer c.progress.start(c)()
	return parsed.Run(c)
}

// customary accepts the customary first arguments: none, help and --version.
func customary(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case args[0] == "--version":
		return []string{"version"}
	}
	return args
}

// storeless are the verbs that need no store, or that open the store themselves.
type storeless interface{ storeless() }

// usageError returns the error of a command line that cannot be understood.
func usageError(name string, err error) error {
	parse, ok := errors.AsType[*kong.ParseError](err)
	if !ok {
		return err
	}
	text := strings.Replace(upper(parse.Error()), ", did you mean", ". Did you mean", 1)
	if !strings.HasSuffix(text, "?") {
		text += "."
	}
	path := name
	if node := parse.Context.Selected(); node != nil {
		path = node.FullPath()
		if verbs := mapped(node.Children, func(n *kong.Node) string { return n.Name }); len(verbs) > 0 {
			text += fmt.Sprintf(" %q has the verbs %s.", path, strings.Join(verbs, ", "))
		}
	}
	return &usage{fmt.Sprintf("%s %q shows how the verb is used.", text, path+" --help")}
}

// usage is the error of a command line that cannot be understood.
type usage struct{ text string }

func (u *usage) Error() string { return u.text }

func usagef(format string, args ...any) error { return &usage{fmt.Sprintf(format, args...)} }

// sentence is an error whose text is a whole message. The kind selects the exit
// code.
type sentence struct {
	kind error
	text string
}

func (s *sentence) Error() string { return s.text }

// Unwrap returns the kind.
func (s *sentence) Unwrap() error { return s.kind }

// refusedf returns the error of a verb that refuses a change.
func refusedf(format string, args ...any) error {
	return &sentence{rbac.ErrConflict, fmt.Sprintf(format, args...)}
}

// notFoundf returns an error for a record that does not exist.
func notFoundf(format string, args ...any) error {
	return &sentence{rbac.ErrNotFound, fmt.Sprintf(format, args...)}
}

// getenv returns a variable of the environment.
func (p Program) getenv(name string) string {
	if p.Getenv != nil {
		return p.Getenv(name)
	}
	return os.Getenv(name)
}
