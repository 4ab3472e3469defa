package main

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// accountData is the page of a user's own account.
type accountData struct {
	Groups, Permissions []string
	Tickets             []rbac.Ticket // newest first
	Current             uuid.UUID     // the ticket of this browser
	Logins              []loginView   // newest first
	Changed             bool          // the password was just changed
	MinPassword         int           // characters
}

func (b *blog) account(w http.ResponseWriter, r *http.Request) {
	b.showAccount(w, r, page{})
}

func (b *blog) showAccount(w http.ResponseWriter, r *http.Request, p page) {
	id := rbac.FromContext(r.Context())
	current, err := b.authority.Ticket(r.Context(), b.guard.Token(r))
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	tickets, err := b.authority.Tickets(r.Context(), id.User())
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	slices.Reverse(tickets)
	logins, err := b.logins(r.Context(), id.User())
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	p.Title = "Your account"
	p.Data = accountData{
		Groups: slices.Collect(id.Groups()), Permissions: slices.Collect(id.Permissions()),
		Tickets: tickets, Current: current.ID, Logins: logins, Changed: r.Form.Has("changed"),
		MinPassword: b.authority.Config().MinPassword,
	}
	b.show(w, r, "account.html", p)
}

// loginView is a login of the user, or failed logins that are counted together.
type loginView struct {
	rbac.LoginRecord
	What, Where string // in words; Where may be empty
	Failed      bool
}

const mostLogins = 10 // logins on the page

// outcomes and methods are what happened, in words. A method without words is
// the usual one.
var (
	outcomes = map[string]string{
		"success":        "Signed in",
		"wrong password": "Wrong password",
		"disabled":       "Account was disabled",
		"throttled":      "Too many sign-ins",
		"refused":        "Refused",
	}
	methods = map[string]string{
		"key":    ", for an API key",
		"change": ", to change it",
	}
)

func (b *blog) logins(ctx context.Context, user string) (views []loginView, err error) {
	err = b.authority.View(ctx, func(tx *rbac.Tx) error {
		views = nil
		for l, err := range tx.Logins(rbac.LoginQuery{User: user, Limit: mostLogins}) {
			if err != nil {
				return err
			}
			v := loginView{LoginRecord: l, What: outcomes[l.Outcome] + methods[l.Method], Failed: l.Outcome != "success"}
			switch {
			case l.From.IsSingleIP():
				v.Where = l.From.Addr().String()
			case l.From.IsValid():
				v.Where = l.From.String()
			}
			views = append(views, v)
		}
		return nil
	})
	return views, err
}

// endTicket ends a ticket of the user. RevokeTicket finds no ticket of another
// user.
func (b *blog) endTicket(w http.ResponseWriter, r *http.Request) {
	id, _ := uuid.Parse(r.PostForm.Get("id")) // the zero id, after an error, is not found
	err := b.authority.RevokeTicket(r.Context(), rbac.FromContext(r.Context()).User(), id)
	b.accountDone(w, r, "/me", err)
}

// changePassword ends all tickets of the user and gives this browser a new
// ticket.
func (b *blog) changePassword(w http.ResponseWriter, r *http.Request) {
	t, err := b.authority.ChangePassword(r.Context(), b.guard.Token(r), r.PostForm.Get("old"), r.PostForm.Get("new"))
	if err == nil {
		b.guard.SetTicket(w, r, t)
	}
	b.accountDone(w, r, "/me?changed", err)
}

func (b *blog) accountDone(w http.ResponseWriter, r *http.Request, next string, err error) {
	if errors.Is(err, rbac.ErrBadCredentials) {
		b.showAccount(w, r, page{Status: http.StatusUnprocessableEntity, Alert: "The old password is not right."})
		return
	}
	b.done(w, r, next, err, func(p page) { b.showAccount(w, r, p) })
}
