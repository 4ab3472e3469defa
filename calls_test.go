package rbac_test

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// callAll makes all calls and yields their errors.
func callAll(a *rbac.Authority, tok rbac.Token) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, c := range slices.Concat(calls, adminCalls, reviewCalls()) {
			if !yield(c.name, c.call(ctx, a, tok)) {
				return
			}
		}
	}
}

// alone panics if a result comes with an error.
func alone[T comparable](result T, err error) error {
	var zero T
	if err != nil && result != zero {
		panic("a result came along with an error")
	}
	return err
}

type call struct {
	name string
	call func(context.Context, *rbac.Authority, rbac.Token) error
}

// calls are the calls of an embedding program, for the user amy with
// goodPassword and a ticket of amy's. Each call works by itself in a fresh
// office.
var calls = []call{
	{"Identify", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error { return alone(a.Identify(ctx, t)) }},
	{"Identify of nobody", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return alone(a.Identify(ctx, rbac.Token{}))
	}},
	{"Judge", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return a.Judge(ctx, t, rbac.NotAnonymous())
	}},
	{"Identity", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error { return alone(a.Identity(ctx, "amy")) }},
	{"IdentityBySubject", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return alone(a.IdentityBySubject(ctx, "sub|amy"))
	}},
	{"Login", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return alone(a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword}))
	}},
	{"Login with Replaces", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return alone(a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Replaces: t}))
	}},
	{"Issue", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return alone(a.Issue(ctx, rbac.Login{User: "amy"}))
	}},
	{"Issue with Groups", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return alone(a.Issue(ctx, rbac.Login{User: "amy", Groups: []string{"editors"}}))
	}},
	{"Ticket", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		_, err := a.Ticket(ctx, t)
		return err
	}},
	{"Tickets", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		list, err := a.Tickets(ctx, "amy")
		return alone(len(list), err)
	}},
	{"Value", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return alone(a.Value(ctx, t, "lang"))
	}},
	{"SetValue", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return a.SetValue(ctx, t, "lang", "de")
	}},
	{"SetValue to remove", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return a.SetValue(ctx, t, "flash", "")
	}},
	{"Logout", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error { return a.Logout(ctx, t) }},
	{"LogoutUser", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return alone(a.LogoutUser(ctx, "amy"))
	}},
	{"LogoutIdle", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return alone(a.LogoutIdle(ctx, "", time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)))
	}},
	{"RevokeTicket", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		ticket, err := a.Ticket(ctx, t)
		if err != nil {
			return err
		}
		return a.RevokeTicket(ctx, "amy", ticket.ID)
	}},
	{"NewDevice", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error { return alone(a.NewDevice(ctx, t)) }},
	{"CreateUser", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return alone(a.CreateUser(ctx, rbac.User{Name: "cleo"}, goodPassword, "editors"))
	}},
	{"Unlock", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error { return a.Unlock(ctx, "amy") }},
	{"Unlock in an Update", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.Update(ctx, func(tx *rbac.Tx) error { return tx.Unlock("amy") })
	}},
	{"SetPassword", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.SetPassword(ctx, "amy", goodPassword+"!")
	}},
	{"ChangePassword", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return alone(a.ChangePassword(ctx, t, goodPassword, goodPassword+"!"))
	}},
	{"View", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return a.View(ctx, func(tx *rbac.Tx) error { return tx.Check(t, rbac.NotAnonymous()) })
	}},
	{"DropActiveGroup", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return a.DropActiveGroup(ctx, t, "editors")
	}},
	{"SetActiveGroups", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return a.SetActiveGroups(ctx, t, []string{"editors"})
	}},
	{"TicketGroups", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		list, err := a.TicketGroups(ctx, t)
		return alone(len(list), err)
	}},
	{"TicketPermissions", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		list, err := a.TicketPermissions(ctx, t)
		return alone(len(list), err)
	}},
	{"ExplainUser", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		e, err := a.ExplainUser(ctx, "amy", rbac.HasPermission("post.edit"))
		return alone(e.Reason, err)
	}},
	{"separation sets", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return a.Update(ctx, all(ssd("s", 2, "editors", "staff"), dsd("d", 2, "editors", "staff"),
			func(tx *rbac.Tx) error { return tx.AddSSDSetMember("s", "chiefs") },
			func(tx *rbac.Tx) error { return tx.AddDSDSetMember("d", "chiefs") },
			func(tx *rbac.Tx) error { return tx.SetSSDSetCardinality("s", 3) },
			func(tx *rbac.Tx) error {
				_, err := tx.AddDescendant(rbac.Group{Name: "juniors"}, "editors")
				return err
			},
			func(tx *rbac.Tx) error { return tx.DeleteSSDSet("s") },
			assign("amy", "chiefs"),
			func(tx *rbac.Tx) error { return tx.DeleteGroup("staff") }))
	}},
	{"Check in an Update", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return a.Update(ctx, func(tx *rbac.Tx) error {
			if err := tx.RevokePermission(rbac.Grant{Group: "editors", Permission: "post.edit"}); err != nil {
				return err
			}
			return tx.Check(t, rbac.InGroup("editors"))
		})
	}},
	{"administration", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.Update(ctx, func(tx *rbac.Tx) error {
			if _, err := tx.AddUser(rbac.User{ID: uuid.UUID{15: 9}, Name: "zoe"}); err != nil {
				return err
			}
			if err := tx.AssignUser(rbac.Membership{User: "zoe", Group: "editors"}); err != nil {
				return err
			}
			if err := tx.DeleteGroup("staff"); err != nil {
				return err
			}
			return tx.DeleteUser("amy")
		})
	}},
}
