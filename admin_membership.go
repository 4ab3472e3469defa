package rbac

import (
	"errors"

	"github.com/rbac-go/rbac/store"
)

// AssignUser makes a user a member of a group, everywhere or in the scope of m.
// ErrExists if the user, group and scope have a membership already, even one
// that has ended: ModifyMembership sets a new end. The error names the Source of
// the other membership. ErrSeparation if the user would violate a static
// separation set.
func (tx *Tx) AssignUser(m Membership) error {
	u, g, err := tx.membershipKey(m)
	if err != nil {
		return err
	}
	rec := store.Membership{User: u.ID, Group: g.ID, Scope: m.Scope, Note: m.Note, Until: instant(m.Until),
		AssignedBy: tx.actor.name, AssignedAt: tx.now, Source: m.Source}
	if err := tx.mayAdd(rec); err != nil {
		return err
	}
	old, found := tx.r.Membership(u.ID, g.ID, m.Scope)
	if found == nil && old.Source != "" {
		return &Error{Kind: ErrExists, Record: "membership", Name: membershipName(m), Reason: "of the source " + old.Source}
	}
	if err := free(found, "membership", membershipName(m), ""); err != nil {
		return err
	}
	if err := errors.Join(
		noHidden("membership", membershipName(m), "Scope", m.Scope),
		noHidden("membership", membershipName(m), "Source", m.Source)); err != nil {
		return err
	}
	if err := tx.separationError(tx.rules().CheckMembership(rec)); err != nil {
		return err
	}
	return tx.write(
		func() error { return tx.pruneUserTickets(u) },
		func() error { return tx.r.PutMembership(rec) },
		func() error {
			return tx.logMembership("AssignUser", rec, u.Name, g.Name, nil, publicMembership(rec, u.Name, g.Name))
		})
}

// membershipKey returns the user and the group of a membership to change, after
// checking the texts of the membership and the powers of a delegate. The user is
// locked.
func (tx *Tx) membershipKey(m Membership) (User, Group, error) {
	name := membershipName(m)
	err := errors.Join(
		validKey("membership", name, "Scope", m.Scope),
		validKey("membership", name, "Source", m.Source),
		validText("membership", name, "Note", m.Note),
		validTime("membership", name, "Until", m.Until))
	if err := tx.delegable(err); err != nil {
		return User{}, Group{}, err
	}
	u, err := tx.lockUser(m.User)
	if err != nil {
		return User{}, Group{}, err
	}
	g, err := tx.group(m.Group)
	if err == nil {
		err = tx.mayAssign(g.ID, m.Scope)
	}
	return User(u.User), g, err
}

// membershipName returns the name of a membership in errors.
func membershipName(m Membership) string {
	if m.Scope == "" {
		return m.User + " in " + m.Group
	}
	return m.User + " in " + m.Group + " at " + m.Scope
}

// publicMembership returns the membership with the names of its user and group.
func publicMembership(m store.Membership, user, group string) Membership {
	return Membership{User: user, Group: group, Scope: m.Scope, Note: m.Note, Until: m.Until,
		AssignedBy: m.AssignedBy, AssignedAt: m.AssignedAt, Source: m.Source}
}

// logMembership writes a Change about a user, the subject, and a group.
func (tx *Tx) logMembership(action string, m store.Membership, user, group string, before, after any) error {
	c := Change{Action: action, Subject: user, SubjectID: m.User, Object: group, ObjectID: m.Group, Scope: m.Scope}
	return tx.log(c, before, after)
}

// ModifyMembership replaces Note and Until of the membership with the user,
// group and scope of m, whatever its Source. ErrSeparation if a membership that
// had ended counts again and the user would violate a static separation set.
func (tx *Tx) ModifyMembership(m Membership) error {
	u, g, err := tx.membershipKey(m)
	if err != nil {
		return err
	}
	old, err := tx.r.Membership(u.ID, g.ID, m.Scope)
	if err != nil {
		return named(err, "membership", membershipName(m))
	}
	rec := old
	rec.Note, rec.Until = m.Note, instant(m.Until)
	if rec == old {
		return nil
	}
	if err := tx.mayDisplace(rec); err != nil {
		return err
	}
	if err := tx.separationError(tx.rules().CheckMembership(rec)); err != nil {
		return err
	}
	return tx.write(tx.protect,
		func() error { return tx.pruneUserTickets(u) },
		func() error { return tx.r.PutMembership(rec) },
		func() error { return tx.pruneUserTickets(u) },
		func() error {
			before, after := publicMembership(old, u.Name, g.Name), publicMembership(rec, u.Name, g.Name)
			return tx.logMembership("ModifyMembership", rec, u.Name, g.Name, before, after)
		})
}

// DeassignUser ends the membership with the user, group and scope of m. The
// group is no longer active in any ticket of the user, unless the user has the
// group by another membership. A membership that a provider still wants comes
// back with the next [Authority.Sync].
func (tx *Tx) DeassignUser(m Membership) error {
	u, g, err := tx.membershipKey(m)
	if err != nil {
		return err
	}
	rec, err := tx.r.Membership(u.ID, g.ID, m.Scope)
	if err != nil {
		return named(err, "membership", membershipName(m))
	}
	tx.deassigned(u.ID)
	return tx.write(tx.protect,
		func() error { return tx.deleteMembership(rec, u.Name, g.Name) },
		func() error { return tx.pruneUserTickets(u) })
}

// deleteMembership deletes a membership and writes a Change. The caller has
// called protect and prunes the tickets of the user.
func (tx *Tx) deleteMembership(m store.Membership, user, group string) error {
	if err := tx.r.DeleteMembership(m.User, m.Group, m.Scope); err != nil {
		return err
	}
	return tx.logMembership("DeassignUser", m, user, group, publicMembership(m, user, group), nil)
}
