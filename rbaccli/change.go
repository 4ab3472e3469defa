package rbaccli

import (
	"context"
	"fmt"
	"strings"

	"github.com/rbac-go/rbac"
)

// author has the flags for the author of a change.
type author struct {
	Actor  string `placeholder:"NAME" help:"Who makes the change, for the change log. Default: the account of the operating system."`
	Reason string `placeholder:"TEXT" help:"Why the change is made, for the change log."`
}

// change has the flags of every verb that changes something.
type change struct {
	author
	DryRun bool `short:"n" help:"Change nothing, and print what would change and who would gain or lose which permission."`
}

func (ch *change) changes() *change { return ch }

// context returns the context of the change, with its actor and reason. In the
// binary of a service, the context of the service may already have both.
// Otherwise, the actor is the account of the operating system, so every change
// has an author.
func (a author) context(c *call) context.Context {
	ctx := c.ctx
	switch {
	case a.Actor != "":
		ctx = rbac.WithActor(ctx, a.Actor)
	case rbac.FromContext(ctx).IsAnonymous(): // nobody is logged in
		ctx = fallback{ctx, rbac.WithActor(context.Background(), operator())}
	}
	if a.Reason != "" {
		ctx = rbac.WithReason(ctx, a.Reason)
	}
	return ctx
}

// fallback is a context whose missing values are those of another context. A
// value that is the empty text is missing.
type fallback struct {
	context.Context
	other context.Context
}

// Value returns the value for a key.
func (f fallback) Value(key any) any {
	if v := f.Context.Value(key); v != nil && v != "" {
		return v
	}
	return f.other.Value(key)
}

// apply makes the changes of f and prints the changes, or with --dry-run their
// effect.
func (ch *change) apply(c *call, f func(*rbac.Tx) error) error {
	if ch.DryRun {
		effect, err := c.auth.Preview(ch.context(c), f)
		if err != nil {
			return err
		}
		return c.printEffect(effect)
	}
	var made []rbac.Change
	err := c.auth.Update(ch.context(c), func(tx *rbac.Tx) (err error) {
		if err = f(tx); err != nil {
			return err
		}
		made, err = collect(c, tx.Changes(rbac.ChangeQuery{After: tx.Revision()}))
		return err
	})
	if err != nil || c.Quiet {
		return err
	}
	return c.printChanges(made)
}

// printChanges reports the changes of a verb.
func (c *call) printChanges(changes []rbac.Change) error {
	if c.Output != "table" {
		return c.printRows(mapped(changes, newChangeRow))
	}
	if len(changes) == 0 {
		return c.println("Nothing had to be changed.")
	}
	for _, change := range changes {
		if err := c.println("done: " + describe(change)); err != nil {
			return err
		}
	}
	return nil
}

// effect is the effect of a change as json and yaml have it.
type effect struct {
	Changes []logRow     `json:"changes"`
	Users   int          `json:"users"`
	Gained  []rbac.Right `json:"gained"`
	Lost    []rbac.Right `json:"lost"`
	More    bool         `json:"more"`
}

// printEffect prints the effect of a change that was not made.
func (c *call) printEffect(e rbac.Effect) error {
	switch c.Output {
	case "json", "yaml":
		return c.encode(effect{mapped(e.Changes, newChangeRow), e.Users, filled(e.Gained), filled(e.Lost), e.More})
	case "csv":
		return c.printRows(mapped(e.Changes, newChangeRow))
	}
	if len(e.Changes) == 0 {
		return c.println("Nothing would be changed.")
	}
	for _, change := range e.Changes {
		if err := c.println("would: " + describe(change)); err != nil {
			return err
		}
	}
	return c.printRights(e)
}

// printRights prints the rights that an effect gives and takes.
func (c *call) printRights(e rbac.Effect) error {
	lines := []string{counted(e.Users, "user would gain or lose a permission.", "users would gain or lose a permission.")}
	for _, r := range e.Gained {
		lines = append(lines, c.green("  + "+describeRight(r)))
	}
	for _, r := range e.Lost {
		lines = append(lines, c.red("  - "+describeRight(r)))
	}
	if e.More {
		lines = append(lines, "  and more")
	}
	return c.println(strings.Join(lines, "\n"))
}

func describeRight(r rbac.Right) string {
	text := printable(r.User) + " " + printable(r.Permission)
	if r.Scope != "" {
		text += " in " + printable(r.Scope)
	}
	return text
}

// filled returns a list that is never nil, so that json shows [] and not null.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func counted(n int, one, many string) string {
	switch n {
	case 0:
		return "No " + many
	case 1:
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}
