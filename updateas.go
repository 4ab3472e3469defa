package rbac

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/delegation"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// delegate is the user of an UpdateAs.
type delegate struct {
	id      *Identity
	created []uuid.UUID // users, to be checked at the end
	ended   []uuid.UUID // users of memberships that were ended
	powers  *delegation.Powers
	at      int // the number of changes before powers
}

// UpdateAs is [Authority.Update] on behalf of id. A change in f that id may not
// make now fails with a [*DeniedError], which states who could make the change.
// A denied change changes nothing, and leaves the transaction usable. The actor
// in the change log is id.
//
// Holders of the permission [Config.Administer] may make every change. A user
// who holds the permission only in a scope may assign and deassign groups in that
// scope, except groups that give the permission. Everybody else may do what a
// [Delegation] allows. A user who is created in f is checked at the end of f: a
// delegate of a scope creates a user by assigning the user in the same f.
//
// Before each change UpdateAs looks at the user's memberships, the ticket, the
// delegations and the inheritances as the transaction sees them. An id whose
// user is gone or disabled, or whose ticket has ended, may change nothing, and
// neither may an anonymous id, an id of another Authority, and an id of
// [NewIdentity].
//
// UpdateAs guards against the user and not against the program: Update and
// [Tx.Unwrap] are not restricted.
func (a *Authority) UpdateAs(ctx context.Context, id *Identity, f func(*Tx) error) error {
	ctx = NewContext(ctx, id)
	err := a.commit(ctx, func(r store.Records) (*Tx, error) {
		return a.change(ctx, r, f, mode{as: id, delegated: true})
	})
	a.emitDenied(ctx, "UpdateAs", err)
	return err
}

// PreviewAs is [Authority.Preview] of an UpdateAs.
func (a *Authority) PreviewAs(ctx context.Context, id *Identity, f func(*Tx) error) (Effect, error) {
	return a.previewTwice(NewContext(ctx, id), f, mode{recorded: true, as: id, delegated: true})
}

// Assignable lists the groups that id may assign in a scope, in byte order of
// their names: for forms. The scope "" is everywhere.
func (tx *Tx) Assignable(id *Identity, scope string) ([]Group, error) {
	if err := validKey("scope", scope, "", scope); err != nil {
		return nil, err
	}
	powers, err := tx.powersOf(id)
	if errors.Is(err, ErrDenied) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	groups, err := tx.Groups()
	return slices.DeleteFunc(groups, func(g Group) bool { return !powers.MayAssign(g.ID, scope) }), err
}

// Administrable reports whether id may administer a user's account, for forms.
func (tx *Tx) Administrable(id *Identity, user string) (bool, error) {
	u, err := tx.user(user)
	if err != nil {
		return false, err
	}
	powers, err := tx.powersOf(id)
	if err != nil {
		return false, ignore(err, ErrDenied)
	}
	memberships, err := tx.r.UserMemberships(u.ID)
	return err == nil && powers.Reach(memberships) == "", err
}

// AssignableScopes lists the scopes in which id may assign some group, in byte
// order: for forms. The scope "" is everywhere.
func (tx *Tx) AssignableScopes(id *Identity) ([]string, error) {
	powers, err := tx.powersOf(id)
	if err != nil {
		return nil, ignore(err, ErrDenied)
	}
	return powers.AssignableScopes(), nil
}

// administer has the texts of the permission until a catalogue has others.
var administer = Permission{Title: "Administer", Description: "Administer users, groups and permissions."}

// addAdminister adds the permission of administrators if the store lacks it. A
// program that may only read goes on without the permission, which nobody has.
func (a *Authority) addAdminister(ctx context.Context) error {
	name := a.cfg.Administer
	if a.replica.State().Policy.Permission(name) != nil {
		return nil
	}
	err := a.Update(WithReason(ctx, "the permission of administrators"), func(tx *Tx) error {
		p := administer
		p.Name = name
		_, err := tx.AddPermission(p)
		return ignore(err, ErrExists)
	})
	if err != nil && ctx.Err() == nil {
		a.log.LogAttrs(ctx, slog.LevelWarn, "rbac: the permission of administrators is missing and cannot be added",
			slog.String("permission", name), slog.Any("error", err))
		err = nil
	}
	return err
}

// writable refuses a change in a View, and in an UpdateAs by anyone but holders
// of Config.Administer. Otherwise writable returns err, the fault of the change.
func (tx *Tx) writable(err error) error {
	if err := tx.delegable(err); err != nil {
		return err
	}
	powers, err := tx.limits()
	if powers == nil {
		return err
	}
	return tx.refused("only holders of " + tx.a.cfg.Administer + " may do this")
}

// delegable is writable for a change that checks the powers of a delegate
// itself: by mayAssign, mayCreate or mayManage.
func (tx *Tx) delegable(err error) error {
	if tx.readOnly {
		return ErrReadOnly
	}
	return err
}

// limits returns what the user of an UpdateAs may do now, and nil if there is no
// limit: in an Update, and for a user who may do everything. A caller that gets
// nil returns the error, which is nil only if there is no limit.
func (tx *Tx) limits() (*delegation.Powers, error) {
	d := tx.as
	if d == nil {
		return nil, nil
	}
	if d.powers == nil || d.at != tx.changes.Len() {
		powers, err := tx.powersOf(d.id)
		if err != nil {
			return nil, err
		}
		d.powers, d.at = powers, tx.changes.Len()
	}
	if d.powers.Everything() {
		return nil, nil
	}
	return d.powers, nil
}

// powersOf returns what id may do, as the transaction sees the store. The error
// is a DeniedError for an id that may do nothing at all.
func (tx *Tx) powersOf(id *Identity) (*delegation.Powers, error) {
	if !id.BelongsTo(tx.a) || id.IsAnonymous() {
		return nil, tx.refusal(id, "nobody is logged in")
	}
	u, err := tx.r.User(store.UserKey{ID: id.id})
	if errors.Is(err, ErrNotFound) || err == nil && u.Disabled {
		return nil, tx.refusal(id, "the account is disabled")
	}
	if err != nil {
		return nil, err
	}
	var t store.Ticket
	if id.origin.ticket != uuid.Nil {
		t, err = tx.ticketOf(id)
		if errors.Is(err, ErrNotFound) || err == nil && (t.User != id.id || !tx.living(t)) {
			return nil, tx.refusal(id, "the ticket has ended")
		}
		if err != nil {
			return nil, err
		}
	}
	memberships, err := tx.r.UserMemberships(id.id)
	if err != nil {
		return nil, err
	}
	p, err := tx.a.replica.PolicyIn(tx.r, &tx.changes)
	if err != nil {
		return nil, err
	}
	return delegation.New(p, p.Activate(p.Assigned(memberships, tx.now), t), tx.a.cfg.Administer), nil
}

// ticketOf returns the ticket of id, which findActor has read already for the
// first change of an UpdateAs.
func (tx *Tx) ticketOf(id *Identity) (store.Ticket, error) {
	if t := tx.actor.ticket; t.ID == id.origin.ticket && tx.changes.Len() == 0 {
		return t, nil
	}
	return tx.r.Ticket(store.TicketKey{ID: id.origin.ticket})
}

// delegationFaults lists the groups of delegations that nobody can assign.
func (tx *Tx) delegationFaults() ([]delegation.Fault, error) {
	p, err := tx.a.replica.PolicyIn(tx.r, &tx.changes)
	if err != nil {
		return nil, err
	}
	return delegation.Faults(p, tx.a.cfg.Administer), nil
}

// refused returns the DeniedError of a change that the user of an UpdateAs may
// not make. The reason names no groups, and is for the denied person, too.
func (tx *Tx) refused(reason string) error { return tx.refusal(tx.as.id, reason) }

func (tx *Tx) refusal(id *Identity, reason string) error {
	return &DeniedError{Identity: id, Predicate: WithMessage(HasPermission(tx.a.cfg.Administer), reason), Message: reason}
}

// refusedNaming is refused with a reason of delegation.Powers, which names groups.
func (tx *Tx) refusedNaming(reason string) error {
	return &DeniedError{Identity: tx.as.id, Predicate: HasPermission(tx.a.cfg.Administer), Message: reason}
}

// mayAssign checks a new membership, and a membership to modify or to end.
func (tx *Tx) mayAssign(group uuid.UUID, scope string) error {
	powers, err := tx.limits()
	if powers == nil {
		return err
	}
	if reason := powers.Assign(group, scope); reason != "" {
		return tx.refusedNaming(reason)
	}
	return nil
}

// mayAdd checks a new membership, after mayAssign. A membership that has ended
// gives nothing, and would only bring an account within reach. A delegate of a
// scope does not assign a user without any membership: the user would come
// within reach of the scope, whoever the user is for.
func (tx *Tx) mayAdd(m store.Membership) error {
	powers, err := tx.limits()
	switch {
	case powers == nil:
		return err
	case m.Source != "":
		return tx.refused("only holders of " + tx.a.cfg.Administer + " may set a source")
	case !policy.Counts(m.Until, tx.now):
		return tx.refused("the membership would have ended already")
	case powers.MayAssign(m.Group, ""),
		slices.Contains(tx.as.created, m.User),
		slices.Contains(tx.as.ended, m.User): // to another group
		return tx.mayDisplace(m)
	}
	memberships, err := tx.r.UserMemberships(m.User)
	if err != nil {
		return err
	}
	if len(memberships) == 0 {
		return tx.refused("the account is in no group yet: " +
			"only somebody who may assign the group everywhere may assign the account")
	}
	return tx.mayDisplace(m)
}

// mayDisplace checks a membership that is about to count. Under a dynamic
// separation set, the group may keep other groups of the user from being
// active. The delegate has to be able to assign these groups, too: otherwise a
// delegate could take rights from an administrator.
func (tx *Tx) mayDisplace(m store.Membership) error {
	powers, err := tx.limits()
	if powers == nil || !powers.Policy().Separates(m.Group) {
		return err
	}
	was, err := tx.r.UserMemberships(m.User)
	if err != nil {
		return err
	}
	will := append(slices.DeleteFunc(slices.Clone(was), func(o store.Membership) bool {
		return o.Group == m.Group && o.Scope == m.Scope
	}), m)
	if reason := powers.Displace(was, will, tx.now); reason != "" {
		return tx.refusedNaming(reason)
	}
	return nil
}

// mayCreate checks a new user. finish checks the user's memberships.
func (tx *Tx) mayCreate(u store.UserRecord) error {
	powers, err := tx.limits()
	switch {
	case powers == nil:
		return err
	case !powers.UsersAnywhere():
		return tx.refused("creating users is for delegates with Users, or holders of " + tx.a.cfg.Administer)
	case u.Subject != "":
		return tx.refused("only holders of " + tx.a.cfg.Administer + " may set a subject")
	case u.ID != uuid.Nil: // which a record of the host may refer to
		return tx.refused("only holders of " + tx.a.cfg.Administer + " may choose an id")
	}
	return nil
}

// created notes a user who was created in an UpdateAs.
func (tx *Tx) created(user uuid.UUID) {
	if tx.as != nil {
		tx.as.created = append(tx.as.created, user)
	}
}

// deassigned notes a user whose membership was ended in an UpdateAs.
func (tx *Tx) deassigned(user uuid.UUID) {
	if tx.as != nil {
		tx.as.ended = append(tx.as.ended, user)
	}
}

// mayManage checks a change of an account.
func (tx *Tx) mayManage(user uuid.UUID) error {
	if tx.as == nil || slices.Contains(tx.as.created, user) {
		return nil
	}
	return tx.mayReach(user)
}

// mayReach is mayManage for every user, created in the Update or not.
func (tx *Tx) mayReach(user uuid.UUID) error {
	powers, err := tx.limits()
	if powers == nil {
		return err
	}
	memberships, err := tx.r.UserMemberships(user)
	if err != nil {
		return err
	}
	if reason := powers.Reach(memberships); reason != "" {
		return tx.refusedNaming(reason)
	}
	return nil
}

// mayModify checks a change of an account's fields.
func (tx *Tx) mayModify(old, u store.UserRecord) error {
	if err := tx.mayManage(old.ID); err != nil || old.Subject == u.Subject {
		return err
	}
	powers, err := tx.limits()
	if powers == nil {
		return err
	}
	return tx.refused("only holders of " + tx.a.cfg.Administer + " may set a subject")
}

// checkCreated checks the users who were created in an UpdateAs, with the
// memberships at the end.
func (tx *Tx) checkCreated() error {
	if tx.as == nil {
		return nil
	}
	for _, user := range tx.as.created {
		u, err := tx.r.User(store.UserKey{ID: user})
		if errors.Is(err, ErrNotFound) {
			continue // created and deleted
		}
		if err == nil {
			err = tx.mayReach(user)
		}
		if denied, ok := errors.AsType[*DeniedError](err); ok {
			denied.Message = "creating " + u.Name + ": " + denied.Message
			return denied
		}
		if err != nil {
			return err
		}
	}
	return nil
}
