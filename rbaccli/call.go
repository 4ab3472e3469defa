package rbaccli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// call is one run of a verb.
type call struct {
	program        Program
	name           string // of the program
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	*globals
	*storeFlags // nil with an Authority of the host's
	parser      *kong.Kong
	auth        *rbac.Authority
	opened      Store      // nil unless the call has opened the store
	store       rbac.Store // opened, or the store of the host; nil without either
	storeOnly   bool       // the verb needs no Authority
	progress    progress
}

func newCall(ctx context.Context, p Program) *call {
	c := &call{program: p, name: p.name(), ctx: ctx, stdin: p.Stdin, stdout: p.Stdout, stderr: p.Stderr, globals: &globals{}}
	if c.stdin == nil {
		c.stdin = os.Stdin
	}
	c.stdin = interruptible{c.stdin, ctx}
	if c.stdout == nil {
		c.stdout = os.Stdout
	}
	if c.stderr == nil {
		c.stderr = os.Stderr
	}
	return c
}

// name returns the words that the user types before a verb.
func (p Program) name() string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Authority != nil && len(os.Args) > 0:
		return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	}
	return "rbac"
}

// open opens the Authority of a verb that changes something, or that only asks.
func (c *call) open(writes bool) error {
	if c.program.Authority != nil {
		c.auth, c.store = c.program.Authority, c.program.Store
		return nil
	}
	return c.openStore(writes, false)
}

// openStore opens the store that the user has named, and makes the store if
// create is set.
func (c *call) openStore(writes, create bool) error {
	if c.program.Open == nil {
		return StoreError("There is no store.")
	}
	name, err := c.storeName()
	if err != nil {
		return err
	}
	s, err := c.openNamed(name, writes, create)
	if err != nil {
		return err
	}
	c.opened, c.store = s, s
	if c.storeOnly {
		return nil
	}
	if _, named := c.administer(); !create && (writes || named) {
		if err := c.requireAdminister(s); err != nil {
			return err
		}
	}
	c.auth, err = rbac.Open(c.ctx, calm{s, writes}, c.config())
	return err
}

// openNamed opens the store for a verb that changes something, or that only
// asks.
func (c *call) openNamed(name string, writes, create bool) (Store, error) {
	if !writes && c.program.OpenToAsk != nil {
		return c.program.OpenToAsk(c.ctx, name)
	}
	return c.program.Open(c.ctx, name, create)
}

// close closes the store that the call has opened, once.
func (c *call) close() (err error) {
	if c.opened == nil {
		return nil
	}
	if c.auth != nil {
		err = c.auth.Close()
	}
	err = errors.Join(err, c.opened.Close())
	c.opened = nil
	return err
}

// storeName returns the store that the user has named.
func (c *call) storeName() (string, error) {
	if err := refusePassword("--store", c.Store, "RBAC_STORE"); err != nil {
		return "", err
	}
	name := cmp.Or(c.Store, c.program.getenv("RBAC_STORE"))
	if name == "" {
		return "", usagef("No store is named. Use --store, or set RBAC_STORE, to the path of an SQLite file or to postgres://user@host/database.")
	}
	return name, nil
}

// refusePassword returns an error if the argument of a flag has a password. The
// variable takes the same value from the environment.
func refusePassword(flag, value, variable string) error {
	secret := strings.Contains(value, "password=")
	if u, err := url.Parse(value); err == nil {
		_, has := u.User.Password()
		secret = secret || has
		for parameter := range u.Query() { // pass%77ord is a password, too
			secret = secret || strings.Contains(strings.ToLower(parameter), "password")
		}
	}
	if !secret {
		return nil
	}
	return usagef("The argument of %s has a password, which other users of this machine can read. "+
		"Put the password into PGPASSWORD or ~/.pgpass, or the whole value into %s.", flag, variable)
}

// defaultAdminister is the permission of administrators unless the service has
// chosen another.
const defaultAdminister = "rbac.administer"

// administer returns the permission of administrators, and whether the user has
// named the permission.
func (c *call) administer() (permission string, named bool) {
	permission = cmp.Or(c.Administer, c.program.getenv("RBAC_ADMINISTER"))
	return cmp.Or(permission, defaultAdminister), permission != ""
}

// requireAdminister returns an error unless the store has the permission of
// administrators. With a wrong name, nothing would protect the last
// administrator, and rbac.Open would add the permission.
func (c *call) requireAdminister(s store.Store) error {
	permission, named := c.administer()
	err := s.View(c.ctx, func(r store.Records) error {
		_, err := r.Permission(permission)
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if named {
		return notFoundf("The store has no permission %q. Correct --administer or RBAC_ADMINISTER: they name the permission of administrators.", permission)
	}
	return notFoundf("The store has no permission %q. If the service has set Config.Administer, name the permission by --administer or RBAC_ADMINISTER. Otherwise run \"%s init\".", permission, c.name)
}

// config returns the Config of an Authority for a single verb. The Config must
// not disturb the services on the store: the verb deletes no records that a
// service keeps.
func (c *call) config() rbac.Config {
	administer, _ := c.administer()
	return rbac.Config{
		Logger:        c.logger(),
		Administer:    administer,
		Protected:     slices.Compact([]string{administer, defaultAdminister}),
		CheckPassword: rbac.CommonPassword,
		KeepChanges:   100 * 365 * 24 * time.Hour,
		MaxStaleness:  time.Hour, // a View reads the store; nobody else asks this Authority
		LockTimeout:   10 * time.Second,
		CachedTickets: 1, // no ticket is identified
	}
}

func (c *call) logger() *slog.Logger {
	if !c.Verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(c.stderr, nil))
}

// calm is a store without the optional abilities that a service needs, such as
// connections that wait for changes. A verb that only asks cannot write: its
// Authority deletes and adds no records.
type calm struct {
	store.Store
	writes bool
}

// Update runs f only for a verb that changes something.
func (s calm) Update(ctx context.Context, f func(store.Records) error) error {
	if !s.writes {
		return store.ErrReadOnly
	}
	return s.Store.Update(ctx, f)
}

// read returns the value that f reads in a View.
func read[T any](c *call, f func(tx *rbac.Tx) (T, error)) (result T, err error) {
	err = c.auth.View(c.ctx, func(tx *rbac.Tx) (err error) {
		result, err = f(tx)
		return err
	})
	return result, err
}

// list prints the rows that f reads.
func list[T any](c *call, f func(tx *rbac.Tx) ([]T, error)) error {
	rows, err := read(c, f)
	if err != nil {
		return err
	}
	return c.printRows(rows)
}

// show prints the record that f reads.
func show[T any](c *call, f func(tx *rbac.Tx) (T, error)) error {
	record, err := read(c, f)
	if err != nil {
		return err
	}
	return c.printRecord(record)
}

// mapped returns the rows for records.
func mapped[T, U any](records []T, row func(T) U) []U {
	rows := make([]U, 0, len(records))
	for _, r := range records {
		rows = append(rows, row(r))
	}
	return rows
}

// collect reads a sequence to its end. If the transaction runs again, the new
// result replaces the former result.
func collect[T any](c *call, rows func(func(T, error) bool)) ([]T, error) {
	var all []T
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		all = append(all, row)
		c.progress.count.Add(1)
	}
	return all, nil
}

// operator returns the name of the account that runs the program.
func operator() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}
