package openid

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/rbac-go/rbac"
)

// backchannel ends the tickets of a session that has ended at the provider. The
// provider calls the URL itself, so no browser has to be there (OpenID Connect
// Back-Channel Logout 1.0).
func (a *app) backchannel(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	c, err := a.verifyLogout(r.Context(), r.PostFormValue("logout_token"))
	if err != nil {
		slog.WarnContext(r.Context(), "back-channel logout", "error", err)
		http.Error(w, "The logout token is not valid.", http.StatusBadRequest)
		return
	}
	if err := a.endTickets(r.Context(), c); err != nil {
		a.guard.Deny(w, r, err)
	}
}

// logoutClaims are the claims of a logout token.
type logoutClaims struct {
	oidc.TokenClaims
	SessionID string                     `json:"sid"`
	Events    map[string]json.RawMessage `json:"events"`
	Nonce     *string                    `json:"nonce"` // hides the Nonce of TokenClaims
}

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// verifyLogout checks a logout token as section 2.6 requires. The signature is
// checked first: the claims of an unsigned token mean nothing.
func (a *app) verifyLogout(ctx context.Context, token string) (*logoutClaims, error) {
	v, c := a.provider.IDTokenVerifier(), new(logoutClaims)
	payload, err := oidc.ParseToken(token, c)
	if err != nil {
		return nil, err
	}
	for _, err := range []error{
		oidc.CheckSignature(ctx, token, payload, c, v.SupportedSignAlgs, v.KeySet),
		oidc.CheckIssuerWithISSVerifier(c, v.Issuer, v.ISS),
		oidc.CheckAudience(c, v.ClientID),
		oidc.CheckExpiration(c, 0),
		oidc.CheckIssuedAt(c, 10*time.Minute, v.Offset),
	} {
		if err != nil {
			return nil, err
		}
	}
	switch {
	case c.Events[logoutEvent] == nil:
		return nil, errors.New("not a logout: an ID token, perhaps")
	case c.Nonce != nil:
		return nil, errors.New("a logout token has no nonce")
	case c.Subject == "" && c.SessionID == "":
		return nil, errors.New("neither a subject nor a session")
	}
	return c, nil
}

// endTickets ends the tickets of a session, or without a session all tickets
// that the user got by the provider. API keys stay.
func (a *app) endTickets(ctx context.Context, c *logoutClaims) error {
	var ended []rbac.Ticket
	err := a.auth.View(ctx, func(tx *rbac.Tx) error {
		ended = nil
		q := rbac.TicketQuery{Kind: rbac.SessionTicket}
		if c.Subject != "" {
			u, err := tx.UserBySubject(c.Subject)
			if errors.Is(err, rbac.ErrNotFound) {
				return nil // and so there is no ticket
			}
			if err != nil {
				return err
			}
			q.User = u.Name
		}
		for t, err := range tx.Tickets(q) {
			if err != nil {
				return err
			}
			if t.Label == label(c.SessionID) || c.SessionID == "" && strings.HasPrefix(t.Label, label("")) {
				ended = append(ended, t)
			}
		}
		return nil
	})
	for _, t := range ended {
		e := a.auth.RevokeTicket(ctx, t.User, t.ID)
		if !missing(e, "ticket") { // the user has logged out meanwhile
			err = errors.Join(err, e)
		}
	}
	return err
}
