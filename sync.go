package rbac

import (
	"context"
	"errors"

	"github.com/rbac-go/rbac/internal/effect"
	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/provision"
	"github.com/rbac-go/rbac/store"
)

// Provision has the groups of a user according to a source. A source is an
// identity provider, a directory, or a file that a program applies.
type Provision struct {
	User    string // the name of the user; or
	Subject string // the Subject of the user: exactly one of the two
	Source  string // of the memberships: a name of the host's, at most 256 bytes
	Scope   string // of the memberships; empty: everywhere

	// Groups are all groups of the user. Empty: none. Nil: unknown, as with a
	// token without the claim, and nothing changes.
	Groups []string
	// Map has the group that each name in Groups stands for. A name that is not
	// in Map stands for no group. Nil: the names are those of groups. Then
	// anybody who names groups at the source can choose any group, except the
	// groups that give Config.Administer, which are ErrInvalid.
	Map map[string]string

	Additive bool // adds memberships and removes none
	DryRun   bool // changes nothing, and returns the Effect that Sync would have
}

// Sync brings the memberships of a source into line with a Provision, for one
// user in one scope, in one Update, and returns what has changed. Call Sync at
// each login through a provider, before [Authority.Issue]: a Sync that finds
// nothing to change takes no lock and uses up no revision.
//
// A membership of another source stays as it is, and Sync adds no second
// membership for its group and scope. A membership of Source that Groups names
// stays as it is, too, with the Note and Until of an administrator. So a
// membership that has ended, of whatever source, keeps the user out.
//
// After an error nothing has changed. The errors are those of Update and
// [Tx.AssignUser], such as ErrProtected and ErrSeparation; ErrNotFound for an
// unknown user or group; ErrInvalid for an empty Source, and without exactly one
// of User and Subject.
//
// The actor of the changes is Source, asserted, even if ctx has an Identity. In
// the Effect, Revision and Nonce of the changes are zero.
func (a *Authority) Sync(ctx context.Context, p Provision) (e Effect, err error) {
	f := func(tx *Tx) (err error) {
		e, err = tx.sync(p)
		return err
	}
	err = a.View(ctx, f)
	switch {
	case !errors.Is(err, ErrReadOnly): // nothing to change
	case p.DryRun:
		_, _, err = a.rehearse(ctx, f, mode{recorded: true})
	default:
		err = a.commit(ctx, func(r store.Records) (*Tx, error) { return a.change(ctx, r, f, mode{recorded: true}) })
	}
	if err != nil {
		return Effect{}, err
	}
	return e, nil
}

// sync is Sync in a transaction, and ErrReadOnly in a View if there is anything
// to change.
func (tx *Tx) sync(p Provision) (Effect, error) {
	wish := provision.Wish(p)
	if field, reason := wish.Fault(); reason != "" {
		return Effect{}, invalid("provision", p.User, field, reason)
	}
	find, key := tx.User, p.User
	if key == "" {
		find, key = tx.UserBySubject, p.Subject
	}
	u, err := find(key)
	if err != nil {
		return Effect{}, err
	}
	policy, err := tx.a.replica.PolicyIn(tx.r, &tx.changes)
	if err != nil {
		return Effect{}, err
	}
	d, err := wish.Difference(tx.r, policy, u.ID)
	if err != nil || d.None() {
		return Effect{}, named(err, "group", d.Unknown)
	}
	if p.Map == nil {
		for _, name := range d.Join {
			n, _ := policy.Number(policy.Group(name).ID)
			if policy.ClosureGives(policy.Closure([]int32{n}), tx.a.cfg.Administer) {
				return Effect{}, invalid("group", name, "Map", "gives "+tx.a.cfg.Administer+": only a Map leads to the group")
			}
		}
	}
	tx.actor = actor{name: names.Printable(p.Source, names.MaxName)}
	m := Membership{User: u.Name, Scope: p.Scope, Source: p.Source}
	for _, m.Group = range d.Leave { // first: a separation set may forbid both
		err = errors.Join(err, tx.DeassignUser(m))
	}
	for _, m.Group = range d.Join {
		err = errors.Join(err, tx.AssignUser(m))
	}
	if err != nil {
		return Effect{}, err
	}
	rights, err := effect.OfMemberships(tx.r, store.User(u), d.Was, policy, tx.now, maxRights)
	return tx.effect(rights), err
}
