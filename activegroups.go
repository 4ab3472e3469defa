package rbac

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/rules"
	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/store"
)

// AddActiveGroup activates an additional group in the ticket of a token (INCITS
// 359 section 6.1.2, AddActiveRole). The user must be authorized for the group,
// by a membership or by inheritance. From then on the ticket keeps to the
// active groups, like a ticket of a login with Login.Groups.
//
// If the host offers AddActiveGroup to its users, anyone who holds the token
// can undo a choice of fewer groups. An API key with a choice of groups never
// gets further groups.
//
// Errors: ErrNoTicket; ErrNotFound for an unknown group; ErrDenied if the user
// is not authorized for the group, and for an API key that would get more
// groups than it has; ErrExists if the group is active already, other than by
// inheritance; ErrSeparation if a dynamic separation set would be violated;
// ErrThrottled, as for SetActiveGroups; ErrUnavailable.
func (a *Authority) AddActiveGroup(ctx context.Context, t Token, group string) error {
	choose := func(tx *Tx, rec store.Ticket, u User, active []Group) ([]uuid.UUID, error) {
		g, err := tx.group(group)
		if err == nil && slices.Contains(active, g) {
			err = &Error{Kind: ErrExists, Record: "active group", Name: group}
		}
		if err != nil {
			return nil, err
		}
		return tx.moreGroups(rec, u, append(groupNames(active), group))
	}
	return a.setActive(ctx, t, "AddActiveGroup", choose)
}

// DropActiveGroup removes a group from the active groups of the ticket of a
// token (INCITS 359 section 6.1.2, DropActiveRole). Another active group may
// still inherit the group. From then on the ticket keeps to the active groups:
// later assignments of the user are not active in the ticket.
//
// Errors: ErrNoTicket; ErrNotFound for an unknown or inactive group, and for a
// group active by inheritance only; ErrThrottled, as for SetActiveGroups;
// ErrUnavailable.
func (a *Authority) DropActiveGroup(ctx context.Context, t Token, group string) error {
	choose := func(tx *Tx, _ store.Ticket, _ User, active []Group) ([]uuid.UUID, error) {
		g, err := tx.group(group)
		if err == nil && !slices.Contains(active, g) {
			err = &Error{Kind: ErrNotFound, Record: "active group", Name: group}
		}
		// No set is checked: groups may be active together in one scope, and
		// apart in another, and stay active where they are.
		rest := slices.DeleteFunc(active, func(o Group) bool { return o == g })
		return rules.SortIDs(groupIDs(rest)), err
	}
	return a.setActive(ctx, t, "DropActiveGroup", choose)
}

// SetActiveGroups replaces the active groups of the ticket of a token, all or
// nothing. SetActiveGroups is for a page on which a user chooses among groups
// that a dynamic separation set keeps apart. With no groups, no group is
// active. From then on the ticket keeps to the active groups. As with
// AddActiveGroup, the new groups can be more than before.
//
// A user can make 150 choices at once, with all tickets and by AddActiveGroup,
// DropActiveGroup and SetActiveGroups together, and then one every 12 seconds;
// more are ErrThrottled. A choice of the groups that the ticket already keeps
// to changes nothing and does not count.
//
// Errors: ErrNoTicket; ErrInvalid; ErrDenied for a group that is unknown or
// that the user is not authorized for, and for an API key that would get more
// groups than it has; ErrSeparation; ErrThrottled; ErrUnavailable.
func (a *Authority) SetActiveGroups(ctx context.Context, t Token, groups []string) error {
	if err := validGroups("ticket", groups); err != nil {
		return err
	}
	choose := func(tx *Tx, rec store.Ticket, u User, _ []Group) ([]uuid.UUID, error) {
		return tx.moreGroups(rec, u, groups)
	}
	return a.setActive(ctx, t, "SetActiveGroups", choose)
}

// TicketGroups lists the active groups of the ticket of a token, in any scope
// and without inherited groups, in byte order (INCITS 359 section 6.1.4,
// SessionRoles). TicketGroups does not count as a use of the ticket.
// ErrNoTicket if there is no living ticket.
func (a *Authority) TicketGroups(ctx context.Context, t Token) ([]string, error) {
	var names []string
	err := a.View(ctx, func(tx *Tx) error {
		active, err := tx.activeIn(t)
		names = groupNames(active)
		return err
	})
	return names, err
}

// TicketPermissions lists the permissions of the active groups of the ticket of
// a token, in any scope and with inherited permissions, in byte order (INCITS
// 359 section 6.1.4, SessionPermissions). TicketPermissions does not count as a
// use of the ticket. ErrNoTicket without a living ticket.
func (a *Authority) TicketPermissions(ctx context.Context, t Token) ([]string, error) {
	var names []string
	err := a.View(ctx, func(tx *Tx) error {
		active, err := tx.activeIn(t)
		if err != nil {
			return err
		}
		permissions, err := tx.permissionsOf(tx.rules().Juniors(groupIDs(active)...))
		names = make([]string, len(permissions))
		for i, p := range permissions {
			names[i] = p.Name
		}
		return err
	})
	return names, err
}

// setActive narrows a ticket to the groups that choose returns for the active
// groups. A choice that changes nothing writes nothing.
func (a *Authority) setActive(ctx context.Context, t Token, action string,
	choose func(tx *Tx, rec store.Ticket, u User, active []Group) ([]uuid.UUID, error)) error {
	return a.Update(ctx, func(tx *Tx) error {
		rec, u, err := tx.ticket(t)
		if err != nil {
			return err
		}
		active, _, err := tx.ticketActivity(rec)
		if err != nil {
			return err
		}
		before := groupNames(active)
		ids, err := choose(tx, rec, u, active)
		if err != nil {
			return err
		}
		if rec.Narrowed && slices.Equal(rec.Groups, ids) {
			return nil
		}
		owner, err := tx.r.LockUser(u.ID)
		if err != nil {
			return noTicket(err)
		}
		if err := tx.pace(owner, throttle.PaceChoices); err != nil {
			return err
		}
		tx.actAs(u, true)
		return tx.narrowTicket(action, u, rec, before, ids)
	})
}

// moreGroups finds the new active groups of an existing ticket. An API key
// given away with few groups must not get further groups of the user.
func (tx *Tx) moreGroups(rec store.Ticket, u User, names []string) ([]uuid.UUID, error) {
	ids, err := tx.loginGroups(u, names)
	if err != nil || !rec.Key || !rec.Narrowed {
		return ids, err
	}
	within, err := tx.rules().Juniors(rec.Groups...)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(ids, func(g uuid.UUID) bool { return !slices.Contains(within, g) }) {
		return nil, &Error{Kind: ErrDenied, Record: "ticket", Name: rec.ID.String(),
			Reason: "an API key cannot get more groups than it has"}
	}
	return ids, nil
}

// ticket finds the living ticket of a token, and the user of the ticket.
func (tx *Tx) ticket(t Token) (store.Ticket, User, error) {
	rec, err := tx.a.ticketOf(tx.r, t)
	if err != nil {
		return rec, User{}, err
	}
	u, err := tx.r.User(store.UserKey{ID: rec.User})
	return rec, User(u.User), noTicket(err)
}

// actAs names the user of a ticket as the actor, unless the context names an
// actor: anyone who holds the token acts as the user.
func (tx *Tx) actAs(u User, verified bool) {
	if tx.actor.name == "" {
		tx.actor = actor{name: u.Name, verified: verified}
	}
}

// activeIn returns the active groups of the ticket of a token.
func (tx *Tx) activeIn(t Token) ([]Group, error) {
	rec, _, err := tx.ticket(t)
	if err != nil {
		return nil, err
	}
	active, _, err := tx.ticketActivity(rec)
	return active, err
}

// ticketActivity is [rules.Rules.ActiveGroups] with the groups of the API.
func (tx *Tx) ticketActivity(t store.Ticket) (active, omitted []Group, err error) {
	own, left, err := tx.rules().ActiveGroups(t)
	return publicEach(own, publicGroup), publicEach(left, publicGroup), err
}
