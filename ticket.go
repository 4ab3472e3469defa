package rbac

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/google/uuid"
)

// Token is the secret of a ticket: who has it is the user. It prints redacted
// everywhere; Secret is the one way to its text. The zero Token is none.
type Token struct{ secret string }

// ParseToken reads what Secret gave. The empty string is the zero Token.
func ParseToken(s string) (Token, error) { return Token{}, ErrInvalid }

// Secret returns the token's text for a cookie or an API client. It is as good as
// a password: keep it out of URLs, logs and pages.
func (t Token) Secret() string { return t.secret }

// IsZero reports whether t is no token at all.
func (t Token) IsZero() bool { return t.secret == "" }

// String tells only whether there is a token.
func (t Token) String() string { return "" }

// Format prints as String does, for every verb.
func (t Token) Format(f fmt.State, _ rune) {}

// LogValue logs as String does.
func (t Token) LogValue() slog.Value { return slog.Value{} }

// MarshalText writes as String does, so that no encoder gives the secret away.
func (t Token) MarshalText() ([]byte, error) { return nil, nil }

// Ticket is a login session or an API key, without its secret.
type Ticket struct {
	ID, UserID uuid.UUID
	User       string
	Label      string
	Groups     []string // the groups it was narrowed to; nil: all that the user has
	Omitted    []string // groups that a dynamic separation set left out
	Created    time.Time
	LastSeen   time.Time // lags by up to a minute
	Expires    time.Time // the absolute limit; an idle ticket ends earlier
	Addr       netip.Addr
	UserAgent  string
}

// Login is what a login is asked with.
type Login struct {
	User     string // name; or
	Subject  string // the host's own id for the user
	Password string // for Authority.Login only

	Addr      netip.Addr // of the client; failures are counted by it
	UserAgent string     // shown in the list of tickets; cut at 256 bytes
	Label     string     // shown in the list of tickets; at most 256 bytes

	// Groups, unless nil, are the only ones active in the ticket. The user must be authorized for each; else ErrDenied.
	Groups []string
	// Expires ends the ticket early; it cannot outlive Config.AbsoluteLimit. With a
	// Label it makes an API key, which can, and which has no idle limit and is not counted by Config.MaxTickets.
	Expires time.Time
	// Replaces is the ticket that the client had until now, if any. It ends when the login succeeds, so that nobody stays who they were.
	Replaces Token
}

func (a *Authority) Login(ctx context.Context, l Login) (Token, error) {
	return Token{}, ErrUnavailable
}
func (a *Authority) Issue(ctx context.Context, l Login) (Token, error) {
	return Token{}, ErrUnavailable
}
func (a *Authority) Identify(ctx context.Context, t Token) (*Identity, error) {
	return nil, ErrUnavailable
}
func (a *Authority) Judge(ctx context.Context, t Token, p Predicate) error { return ErrUnavailable }
func (a *Authority) Logout(ctx context.Context, t Token) error             { return ErrUnavailable }
func (a *Authority) LogoutUser(ctx context.Context, user string) (int, error) {
	return 0, ErrUnavailable
}
func (a *Authority) LogoutIdle(ctx context.Context, user string, lastSeenBefore time.Time) (int, error) {
	return 0, ErrUnavailable
}
func (a *Authority) Ticket(ctx context.Context, t Token) (Ticket, error) {
	return Ticket{}, ErrUnavailable
}
func (a *Authority) Tickets(ctx context.Context, user string) ([]Ticket, error) {
	return nil, ErrUnavailable
}
func (a *Authority) RevokeTicket(ctx context.Context, user string, id uuid.UUID) error {
	return ErrUnavailable
}
func (a *Authority) SetPassword(ctx context.Context, user, password string) error {
	return ErrUnavailable
}
func (a *Authority) ChangePassword(ctx context.Context, t Token, old, new string) (Token, error) {
	return Token{}, ErrUnavailable
}
func (a *Authority) HashPassword(ctx context.Context, password string) (string, error) {
	return "", ErrUnavailable
}
func (a *Authority) Identity(ctx context.Context, user string) (*Identity, error) {
	return nil, ErrUnavailable
}
func (a *Authority) IdentityBySubject(ctx context.Context, subject string) (*Identity, error) {
	return nil, ErrUnavailable
}
