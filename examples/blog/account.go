package main

import (
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
	Changed             bool          // the password was just changed
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
	p.Title = "Your account"
	p.Data = accountData{
		Groups: slices.Collect(id.Groups()), Permissions: slices.Collect(id.Permissions()),
		Tickets: tickets, Current: current.ID, Changed: r.Form.Has("changed"),
	}
	b.show(w, r, "account.html", p)
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
