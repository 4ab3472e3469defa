package rbac

import (
	"cmp"
	"context"
	"errors"

	"github.com/rbac-go/rbac/internal/effect"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// Effect is what an Update would do, found by [Authority.Preview], or what an
// [Authority.Sync] has done.
//
// A right is gained or lost as an Identity of the user without a ticket has it:
// memberships that have ended, disabled accounts and dynamic separation sets
// count. A right that the user keeps by another membership is neither gained
// nor lost.
type Effect struct {
	// Changes are the entries of the change log. Revision and Nonce are zero,
	// and the ids of new records are not those of a later Update.
	Changes []Change
	Users   int // the exact number of users who gain or lose a right
	// Gained and Lost have at most 1,000 rights each, in the order of user,
	// permission and scope.
	Gained, Lost []Right
	More         bool // Gained or Lost leaves out rights
}

// Right is a permission that a user has in a scope. The scope "" is everywhere.
// A right everywhere is not repeated for each scope.
type Right struct {
	User       string `json:"user"`
	Permission string `json:"permission"`
	Scope      string `json:"scope,omitempty"`
}

// maxRights bounds the lists of an Effect.
const maxRights = 1000

var (
	// errPreviewed rolls back the Update of a preview.
	errPreviewed = errors.New("the effect is known")
	// errOvertaken: a right may have changed between the Update and the View of
	// a preview.
	errOvertaken = errors.New("another Update came between")
)

// Preview runs f as [Authority.Update] does, changes nothing, and returns what
// the Update would change. The error is exactly the error of the Update, such
// as ErrProtected or ErrSeparation. No revision is used up, and nobody sees the
// changes.
//
// Preview holds the lock of Updates no longer than the Update, and computes the
// rights afterwards in a View. If Updates that may change a right intervene
// twice, Preview returns ErrBusy; logins and logouts do not count.
//
// A later Update with the same f may have another effect. [Tx.RequireUnchanged]
// refuses an Update after a change that the preview did not see.
func (a *Authority) Preview(ctx context.Context, f func(*Tx) error) (Effect, error) {
	return a.previewTwice(ctx, f, mode{recorded: true})
}

func (a *Authority) previewTwice(ctx context.Context, f func(*Tx) error, m mode) (Effect, error) {
	effect, err := a.preview(ctx, f, m)
	if errors.Is(err, errOvertaken) {
		effect, err = a.preview(ctx, f, m)
	}
	if errors.Is(err, errOvertaken) {
		return Effect{}, ErrBusy
	}
	return effect, err
}

func (a *Authority) preview(ctx context.Context, f func(*Tx) error, m mode) (Effect, error) {
	tx, next, err := a.rehearse(ctx, f, m)
	if err != nil {
		return Effect{}, err
	}
	var rights effect.Effect
	err = a.current(ctx, func(r store.Records, st *replica.State) (err error) {
		if same, err := st.SameRights(r, tx.changes.From); err != nil || !same {
			return cmp.Or(err, errOvertaken)
		}
		changes := make([]store.Change, len(tx.written))
		for i, c := range tx.written {
			changes[i] = store.Change(c)
		}
		rights, err = effect.Of(r, changes, st.Policy, next, tx.now, maxRights)
		return err
	})
	if err != nil {
		return Effect{}, err
	}
	return tx.effect(rights), nil
}

// effect returns the effect of the changes of a recorded Tx.
func (tx *Tx) effect(rights effect.Effect) Effect {
	e := Effect{Changes: tx.written, Users: rights.Users, More: rights.More}
	for i := range e.Changes {
		e.Changes[i].Revision, e.Changes[i].Nonce = 0, 0
	}
	e.Gained, e.Lost = publicRights(rights.Gained), publicRights(rights.Lost)
	return e
}

// rehearse runs f in an Update that is rolled back, and returns the policy
// after the changes.
func (a *Authority) rehearse(ctx context.Context, f func(*Tx) error, m mode) (*Tx, *policy.Policy, error) {
	var tx *Tx
	var next *policy.Policy
	err := a.update(ctx, func(r store.Records) (err error) {
		if tx, err = a.change(ctx, effect.Rehearsal(r), f, m); err == nil {
			err = tx.finish()
		}
		if err == nil {
			next, err = a.replica.PolicyIn(r, &tx.changes)
		}
		if err != nil {
			return err
		}
		return errPreviewed
	})
	if !errors.Is(err, errPreviewed) {
		return nil, nil, err
	}
	return tx, next, nil
}

func publicRights(rights []effect.Right) (list []Right) {
	for _, r := range rights {
		list = append(list, Right(r))
	}
	return list
}
