package importer

import (
	"context"
	"errors"
	"fmt"

	"github.com/rbac-go/rbac"
)

// Options configures Plan.Apply. The zero Options import no superusers, and
// only passwords that can be kept as they are.
type Options struct {
	// DryRun changes nothing. The Report is the Report of the import, except
	// that all batches are one Update, for which other Updates wait.
	DryRun bool
	// Wrap keeps fast hashes inside argon2id; see
	// [rbac.Authority.WrapPasswordHash]. Each hash takes as long as a login.
	// Otherwise such hashes are reported, and not taken.
	Wrap bool
	// Plaintext takes passwords that the source has in plain text. Otherwise
	// these passwords are reported, and not taken. A text that looks like a
	// hash is reported, too. Some hashes look like passwords, and anybody who
	// has seen such a hash could sign in with the hash: look at the column
	// before you set Plaintext.
	Plaintext bool
	// Superusers makes the superusers of the source members of a group that is
	// granted *, which gives every existing permission, including the
	// permission of administrators. Otherwise superusers are reported, and
	// imported without the right.
	Superusers bool
	// Merge adds the grants and inheritances of the source to groups that
	// existed before the import, also after an earlier import, except those
	// that were revoked here. Otherwise such groups stay unchanged, and missing
	// grants are reported, and not taken.
	//
	// Merge also lets users join groups that existed before the import, even if
	// such a group gives more than the group of the same name in the source: a
	// permission, a pattern of permissions or a delegation. Otherwise the users
	// of such a group are reported, and not taken. The same holds for new
	// groups that would inherit the group, and for their users.
	Merge bool
	// Batch is the number of users that one Update imports. Zero: 100.
	Batch int
	// Progress, unless nil, is called after each batch with the number of users
	// that were handled, and with the number of all users.
	Progress func(done, all int)
}

// Apply adds the plan to an Authority. One Update adds the permissions, groups,
// grants, inheritances and separation sets, and further Updates add the users
// in batches. The actor of the changes is the actor of ctx.
//
// A user is taken with every group and permission, or not at all; the Report
// has the reason. A user without a password that can be kept is taken, and
// reported. A permission that a user has directly is given through a group of
// the user's own, "user:NAME".
//
// Apply can be called again after an error, and later. Existing records are
// Present and stay unchanged, except that groups get missing grants and
// inheritances with Merge. As long as the change log has the change, Apply does
// not restore a user, group, permission or separation set that was deleted here
// since an earlier import, nor a group that was renamed.
//
// Errors: ErrInvalid for an Authority that is nil; ErrUnavailable, ErrBusy and
// errors of ctx. The Report is never nil, and lists the rows that were
// committed before an error.
func (p *Plan) Apply(ctx context.Context, a *rbac.Authority, o Options) (*Report, error) {
	report := &Report{Kind: p.kind, DryRun: o.DryRun}
	if a == nil {
		return report, invalid("authority", "", "", "needed")
	}
	if o.Batch <= 0 {
		o.Batch = 100
	}
	passwords, err := newPasswordReader(ctx)
	if err != nil {
		return report, err
	}
	defer passwords.close()
	i := &importing{plan: p, options: o, auth: a, passwords: passwords}
	if err := a.View(ctx, i.readGone); err != nil {
		return report, err
	}
	if o.DryRun {
		return i.rehearse(ctx, report)
	}
	err = i.run(ctx, report)
	return report, err
}

// importing is an Apply.
type importing struct {
	plan      *Plan
	options   Options
	auth      *rbac.Authority
	passwords *passwordReader

	gone        gone
	closed      map[string]string     // groups that no user of the source joins, with the reason
	credentials map[string]credential // by subject, of a batch
}

// A step is a part of the import that is committed as a whole. A step may run
// more than once. Each run fills the report in its argument.
type step func(tx *rbac.Tx, r *Report) error

// run commits each step in an Update of its own.
func (i *importing) run(ctx context.Context, report *Report) error {
	if err := i.commit(ctx, report, i.policy); err != nil {
		return err
	}
	all := i.plan.users
	for done := 0; done < len(all); {
		batch := all[done:min(done+i.options.Batch, len(all))]
		if err := i.hash(ctx, batch); err != nil {
			return fmt.Errorf("after %d of %d users: %w", done, len(all), err)
		}
		if err := i.commit(ctx, report, i.batch(batch)); err != nil {
			return fmt.Errorf("after %d of %d users: %w", done, len(all), err)
		}
		done += len(batch)
		if i.options.Progress != nil {
			i.options.Progress(done, len(all))
		}
	}
	return nil
}

func (i *importing) commit(ctx context.Context, report *Report, s step) error {
	var part Report
	err := i.auth.Update(ctx, func(tx *rbac.Tx) error {
		part = Report{}
		return s(tx, &part)
	})
	if err == nil {
		report.append(part)
	}
	return err
}

// rehearse runs all steps in one Update that is not committed.
func (i *importing) rehearse(ctx context.Context, report *Report) (*Report, error) {
	var all Report
	if err := i.hash(ctx, i.plan.users); err != nil {
		return report, err
	}
	_, err := i.auth.Preview(ctx, func(tx *rbac.Tx) error {
		all = Report{}
		return errors.Join(i.policy(tx, &all), i.batch(i.plan.users)(tx, &all))
	})
	if err == nil {
		report.append(all)
	}
	return report, err
}

// hash decides about the passwords of a batch and, unless in a dry run, computes
// the hashes that are wrapped, outside of any transaction.
func (i *importing) hash(ctx context.Context, batch []user) error {
	i.credentials = map[string]credential{}
	present := map[string]bool{}
	err := i.auth.View(ctx, func(tx *rbac.Tx) error {
		for _, u := range batch {
			switch _, err := tx.UserBySubject(u.Subject); {
			case err == nil:
				present[u.Subject] = true
			case !isRefusal(err):
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, u := range batch {
		if u.password == nil || u.refused != "" || present[u.Subject] {
			continue
		}
		c := i.passwords.read(i.plan, *u.password, i.options)
		if c.scheme != "" && !i.options.DryRun {
			hash, err := c.hash(ctx, i.auth)
			if err != nil && !isRefusal(err) {
				return err
			}
			if c = (credential{stored: hash}); err != nil {
				c.reason = reason(err)
			}
		}
		i.credentials[u.Subject] = c
	}
	return nil
}

func (r *Report) append(part Report) {
	r.Rows = append(r.Rows, part.Rows...)
	for subject, reason := range part.users {
		r.leftUser(subject, reason)
	}
	for permission, reason := range part.permissions {
		r.left(permission, reason)
	}
}
