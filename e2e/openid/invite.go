package openid

import (
	"context"
	"errors"

	"github.com/rbac-go/rbac"
)

// bind gives an invited account to the person who signs in for the first time.
// The account is found by its e-mail address, which the provider has verified.
func (a *app) bind(ctx context.Context, c *claims) error {
	refused := &rbac.Error{Kind: rbac.ErrDenied, Record: "user", Reason: "you have no account"}
	if c.Email == "" || !c.EmailVerified {
		return refused
	}
	return a.auth.Update(rbac.WithActor(ctx, c.Issuer), func(tx *rbac.Tx) error {
		u, err := tx.UserByEmail(c.Email)
		switch {
		case errors.Is(err, rbac.ErrNotFound):
			return refused
		case err != nil:
			return err
		case u.Subject == c.Subject:
			return nil // another request was faster
		case u.Subject != "":
			return refused // the account of somebody else
		}
		// The person who made the account must not keep a way in. ModifyUser ends
		// the links, but neither the password nor tickets and API keys.
		u.Subject = c.Subject
		_, ended := tx.EndTickets(u.Name)
		return errors.Join(tx.ModifyUser(u), tx.SetPasswordHash(u.Name, ""), ended)
	})
}
