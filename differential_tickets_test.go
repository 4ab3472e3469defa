package rbac_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/rbac-go/rbac"
)

// ticketChanges are the changes of an Authority.
var ticketChanges = []change{
	{name: "Issue", often: 15, call: (*history).issue},
	{name: "Logout", often: 1, call: onTicket(func(_ *history, a *rbac.Authority, t rbac.Token) error { return a.Logout(ctx, t) })},
	{name: "Sync", often: 3, call: func(r *history, a *rbac.Authority) error {
		_, err := a.Sync(ctx, rbac.Provision{User: r.of(r.users), Source: r.of(sources), Scope: r.of(r.scopes),
			Groups: []string{r.group(), r.group()}, Additive: r.IntN(3) == 0})
		return err
	}},
	{name: "LogoutUser", often: 1, call: func(r *history, a *rbac.Authority) error { return second(a.LogoutUser(ctx, r.of(r.users))) }},
	{name: "LogoutIdle", often: 1, call: func(r *history, a *rbac.Authority) error {
		return second(a.LogoutIdle(ctx, "", r.h.clock.Now().Add(-time.Hour)))
	}},
	{name: "RevokeTicket", often: 1, call: onTicket(func(_ *history, a *rbac.Authority, t rbac.Token) error {
		ticket, err := a.Ticket(ctx, t)
		if err != nil {
			return err
		}
		return a.RevokeTicket(ctx, ticket.User, ticket.ID)
	})},
	{name: "AddActiveGroup", often: 4, call: onTicket(func(r *history, a *rbac.Authority, t rbac.Token) error {
		groups, err := r.groupsOfTicket(a, t)
		return a.AddActiveGroup(ctx, t, r.of(append(groups, fmt.Sprint(err))))
	})},
	{name: "DropActiveGroup", often: 2, call: onTicket(func(r *history, a *rbac.Authority, t rbac.Token) error {
		groups, err := a.TicketGroups(ctx, t)
		return a.DropActiveGroup(ctx, t, r.of(append(groups, fmt.Sprint(err))))
	})},
	{name: "SetActiveGroups", often: 2, call: onTicket(func(r *history, a *rbac.Authority, t rbac.Token) error {
		groups, err := r.groupsOfTicket(a, t)
		if err != nil {
			return err
		}
		return a.SetActiveGroups(ctx, t, slices.DeleteFunc(groups, func(string) bool { return r.IntN(3) == 0 }))
	})},
	{name: "SetPassword", often: 1, call: func(r *history, a *rbac.Authority) error {
		return a.SetPassword(ctx, r.of(r.users), goodPassword)
	}},
	{name: "IssueKey", often: 6, call: func(r *history, a *rbac.Authority) error {
		k := rbac.APIKey{User: r.of(r.users), Label: "key", Expires: r.h.clock.Now().Add(time.Duration(1+r.IntN(600)) * time.Minute), KeepWhenDisabled: r.IntN(3) > 0}
		if r.IntN(3) == 0 {
			k.Groups = []string{r.group()}
		}
		tok, err := a.IssueKey(ctx, k)
		r.hold(tok, err)
		return err
	}},
	{name: "RotateKey", often: 3, call: func(r *history, a *rbac.Authority) error {
		if len(r.tokens) == 0 {
			return rbac.ErrNoTicket
		}
		tok, err := a.RotateKey(ctx, r.token(), time.Duration(r.IntN(5))*time.Minute)
		r.hold(tok, err)
		return err
	}},
	{name: "ChangePassword", often: 1, call: (*history).changePassword},
	{name: "SetValue", often: 1, call: onTicket(func(_ *history, a *rbac.Authority, t rbac.Token) error { return a.SetValue(ctx, t, "k", "v") })},
	{name: "Declare", often: 1, call: (*history).declare},
}

// onTicket is a call with the token of a living ticket, if any.
func onTicket(f func(*history, *rbac.Authority, rbac.Token) error) func(*history, *rbac.Authority) error {
	return func(r *history, a *rbac.Authority) error {
		for _, i := range r.Perm(len(r.tokens)) {
			if _, err := a.Ticket(ctx, r.tokens[i]); err == nil {
				return f(r, a, r.tokens[i])
			}
		}
		return rbac.ErrNoTicket
	}
}

// groupsOfTicket returns the groups that the ticket's user is authorized for.
func (r *history) groupsOfTicket(a *rbac.Authority, t rbac.Token) (groups []string, err error) {
	ticket, err := a.Ticket(ctx, t)
	if err != nil {
		return nil, err
	}
	err = a.View(ctx, func(tx *rbac.Tx) error {
		all, err := tx.AuthorizedGroups(ticket.User)
		groups = mapped(all, groupName)
		return err
	})
	return groups, err
}

func (r *history) issue(a *rbac.Authority) error {
	l := rbac.Login{User: r.of(r.users), Remember: r.IntN(4) == 0}
	switch r.IntN(4) {
	case 0:
		l.Groups = []string{r.group()}
	case 1:
		l.Remember, l.Label, l.Expires = false, "key", r.h.clock.Now().Add(time.Duration(1+r.IntN(60))*time.Minute)
	case 2:
		if len(r.tokens) > 0 {
			l.Replaces = r.token()
		}
	}
	tok, err := a.Issue(ctx, l)
	r.hold(tok, err)
	return err
}

func (r *history) changePassword(a *rbac.Authority) error {
	u := r.of(r.users)
	if err := a.SetPassword(ctx, u, goodPassword); err != nil {
		return err
	}
	tok, err := a.Issue(ctx, rbac.Login{User: u})
	if err != nil {
		return err
	}
	tok, err = a.ChangePassword(ctx, tok, goodPassword, goodPassword)
	r.hold(tok, err)
	return err
}

// hold keeps a token for later questions.
func (r *history) hold(t rbac.Token, err error) {
	if err == nil {
		r.tokens = append(r.tokens[max(0, len(r.tokens)-6):], t)
	}
}

// declare declares a permission, a section, and a grant and an inheritance of
// groups that may exist.
func (r *history) declare(a *rbac.Authority) error {
	r.declared++
	group := fmt.Sprint("d", r.declared)
	return a.Declare(ctx, rbac.Catalogue{
		Sections:     []rbac.Section{{Name: r.of(r.sections)}},
		Permissions:  []rbac.Permission{{Name: fmt.Sprint("p.d", r.declared%3)}},
		Groups:       []rbac.Group{{Name: group}},
		Grants:       []rbac.Grant{{Group: group, Permission: fmt.Sprint("p.d", r.declared%3)}},
		Inheritances: []rbac.Inheritance{{Senior: r.group(), Junior: group}},
	})
}
