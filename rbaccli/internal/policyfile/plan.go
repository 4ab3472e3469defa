package policyfile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// Plan is the difference between a file and a store, at one revision of the
// store.
type Plan struct {
	Name     string // of the file
	Prune    bool
	Revision rbac.Revision // of the store
	Nonce    uint64        // of the revision
	Steps    []Step        // what Apply would do; empty: the store is in line
	// Extras are records of the store that the file does not name, and that
	// Apply leaves alone: they do not count as a difference. Relations are
	// listed for groups that the file names, and memberships for users whom the
	// file names.
	Extras []Step
	Effect rbac.Effect // on users; see [rbac.Authority.Preview]

	file *File
}

// NewPlan returns what [Apply] would do, and changes nothing. The errors are
// those of Apply. Like [rbac.Authority.Preview], NewPlan needs a writable store.
func NewPlan(ctx context.Context, a *rbac.Authority, f *File, prune bool) (*Plan, error) {
	removal, err := pruningOf(ctx, a, f, prune)
	if err != nil {
		return nil, err
	}
	var p *Plan
	effect, err := a.Preview(ctx, func(tx *rbac.Tx) error {
		nonce, err := nonceOf(tx)
		if err != nil {
			return err
		}
		c, err := compare(tx, f, removal, a.Config().Administer)
		if err != nil {
			return err
		}
		p = &Plan{Name: f.Name, Prune: prune, Revision: tx.Revision(), Nonce: nonce,
			Steps: c.steps(), Extras: c.extras, file: f}
		return c.apply(tx)
	})
	if err != nil {
		return nil, err
	}
	p.Effect = effect
	return p, nil
}

// String returns the steps and extras, a line for each.
func (p *Plan) String() string {
	var b strings.Builder
	for _, s := range slices.Concat(p.Steps, p.Extras) {
		b.WriteString(s.String() + "\n")
	}
	return b.String()
}

// Apply performs exactly the steps of the plan, in one Update. If the store has
// changed since the plan was made, Apply changes nothing and returns an
// ErrConflict: a [*rbac.ConflictError] with the first change since then, if the
// change log has it. Logins, ended tickets, links and passwords do not count as
// changes.
//
// Apply also returns an ErrConflict if the steps, the extras or the effect on
// users differ from those of the plan's file: somebody has edited the plan, or
// a membership has ended since. ErrBusy can come from the check of the effect;
// see [rbac.Authority.Preview].
func (p *Plan) Apply(ctx context.Context, a *rbac.Authority) error {
	apply, err := p.check(ctx, a)
	if err != nil {
		return err
	}
	return a.Update(ctx, apply)
}

// Check returns the error that Apply would return, and changes nothing. The
// errors are those of Apply. Like [NewPlan], Check needs a writable store.
func (p *Plan) Check(ctx context.Context, a *rbac.Authority) error {
	_, err := p.check(ctx, a)
	return err
}

// check returns the changes of the plan, after a check that their effect is the
// effect in the plan.
func (p *Plan) check(ctx context.Context, a *rbac.Authority) (apply func(*rbac.Tx) error, err error) {
	removal, err := pruningOf(ctx, a, p.file, p.Prune)
	if err != nil {
		return nil, err
	}
	apply = func(tx *rbac.Tx) error {
		if err := p.requireUnchanged(tx); err != nil {
			return err
		}
		c, err := compare(tx, p.file, removal, a.Config().Administer)
		if err != nil {
			return err
		}
		if !slices.EqualFunc(c.steps(), p.Steps, sameStep) || !slices.EqualFunc(c.extras, p.Extras, sameStep) {
			return fmt.Errorf("%w: the plan for %q has other steps than the file in the plan needs: make another plan",
				rbac.ErrConflict, p.Name)
		}
		return c.apply(tx)
	}
	effect, err := a.Preview(ctx, apply)
	if err == nil && !sameEffect(effect, p.Effect) {
		err = fmt.Errorf("%w: the plan for %q has another effect on users than its steps have now: make another plan",
			rbac.ErrConflict, p.Name)
	}
	return apply, err
}

// sameEffect compares the effects on users. The changes are those of the steps.
func sameEffect(a, b rbac.Effect) bool {
	return a.Users == b.Users && a.More == b.More && slices.Equal(a.Gained, b.Gained) && slices.Equal(a.Lost, b.Lost)
}

func sameStep(a, b Step) bool {
	a.Line, b.Line = 0, 0
	return a == b
}

// harmless are the actions that change neither the policy nor the groups of
// users.
var harmless = []string{
	"SetPasswordHash", "Unlock", "IssueLink", "RedeemLink", "ExpireLink", "IssueKey",
	"Logout", "LogoutUser", "RevokeTicket", "AddActiveGroup", "DropActiveGroup", "SetActiveGroups",
}

// requireUnchanged returns an ErrConflict if the store has changed since the
// plan was made. The nonces distinguish the store from another store, and from
// a backup.
func (p *Plan) requireUnchanged(tx *rbac.Tx) error {
	conflict := func(reason string) error {
		return fmt.Errorf("%w: the plan for %q is for revision %v: %s", rbac.ErrConflict, p.Name, p.Revision, reason)
	}
	if tx.Revision() < p.Revision {
		return conflict(fmt.Sprintf("this store is at revision %v: another store, or an older copy", tx.Revision()))
	}
	if p.Revision == 0 {
		if tx.Revision() > 0 {
			return conflict("the store was empty, and is no longer")
		}
		return nil
	}
	known := false
	for c, err := range tx.Changes(rbac.ChangeQuery{After: p.Revision - 1}) {
		switch {
		case err != nil:
			return err
		case c.Revision == p.Revision && c.Nonce != p.Nonce:
			return conflict("this is another store, or a store that was restored from a backup")
		case c.Revision == p.Revision:
			known = true
		case !known:
			return conflict("the change log does not reach back so far: make another plan")
		case !slices.Contains(harmless, c.Action):
			return fmt.Errorf("the plan for %q is for revision %v: make another plan: %w", p.Name, p.Revision,
				&rbac.ConflictError{Record: recordOf(c.Action), Name: c.Subject, Change: c})
		}
	}
	if !known {
		return conflict("the change log does not reach back so far: make another plan")
	}
	return nil
}

// recordOf returns the kind of the Subject of an action.
func recordOf(action string) string {
	for _, k := range []struct{ part, record string }{
		{"SSDSet", "SSD set"}, {"DSDSet", "DSD set"}, {"Section", "section"}, {"Grant", "group"}, {"RevokePermission", "group"},
		{"Permission", "permission"}, {"Inheritance", "group"}, {"Delegation", "delegation"}, {"Group", "group"},
	} {
		if strings.Contains(action, k.part) {
			return k.record
		}
	}
	return "user"
}

// nonceOf returns the nonce of the head: the log always has the last revision.
func nonceOf(tx *rbac.Tx) (uint64, error) {
	for c, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: 1}) {
		return c.Nonce, err
	}
	return 0, nil
}
