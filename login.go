package rbac

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// Login is what a login is asked with. A Login prints without its secrets, but not
// as an unexported field of another struct: fmt and others then read the fields
// themselves. The Token in Replaces stays redacted there; the Password, a plain
// string, cannot. Keep a Login in no longer-lived struct of your own.
type Login struct {
	User     string // name, in any form, spaces around it included; or
	Subject  string // the host's own id for the user; exactly one of the two
	Password string // for Authority.Login only

	// Addr is the address of the client itself, not of a proxy: failed logins and
	// places in the queue of hashes are counted by it. Zero: not known, and then the
	// client is known by its Device at best, and shares its places with all such clients.
	Addr netip.Addr
	// Device is what [Authority.NewDevice] gave this client after an earlier login,
	// empty for none. A client that shows it is let in while strangers fail for the
	// same user. Anything else than a living device of the user is ignored. A device
	// is good for one login.
	Device    string
	UserAgent string // shown in the list of tickets; cut at 256 bytes
	Label     string // shown in the list of tickets; at most 256 bytes

	// Groups, unless nil, are the only ones that will be active in the ticket, with
	// what they inherit. The user must be authorized for each; else ErrDenied. They must
	// not violate a dynamic separation set; else ErrSeparation. Nil: all that the user is assigned
	// to, except those that such a set keeps out, which Ticket.Omitted lists. Groups are activated in byte order of their
	// names; in a scope, groups that are assigned everywhere come before groups that are assigned only there.
	Groups []string
	// Expires ends the ticket early; zero, or later than Config.AbsoluteLimit allows: that
	// limit. Together with a Label it makes an API key, which may live longer, has no
	// idle limit and is not counted by Config.MaxTickets.
	Expires time.Time
	// AuthenticatedAt is, for Issue, when the user proved to another service who they are: what its identity provider says of the
	// password or key (auth_time of OpenID Connect), and not when it issued a token (iat). AuthenticatedWithin
	// goes by it. Zero: now, which is right where the user has just signed in there by themselves, and
	// unsafe where a session there was enough. The ticket is listed as Created then, and lives by its limits from now.
	// Up to a minute in the future is now; beyond that, and for Authority.Login, it is ErrInvalid.
	AuthenticatedAt time.Time
	// Replaces is the ticket that the client had until now, if any. It ends when
	// the login succeeds, so that nobody stays who they were.
	Replaces Token
}

// String shows whom the login is for.
func (l Login) String() string {
	return fmt.Sprintf("login of %q, secrets redacted", l.User+l.Subject)
}

// Format prints as String does, whatever the verb.
func (l Login) Format(f fmt.State, _ rune) { io.WriteString(f, l.String()) }

// LogValue logs as String does.
func (l Login) LogValue() slog.Value { return slog.StringValue(l.String()) }

// MarshalText writes as String does, so that no encoder gives the secrets away.
func (l Login) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Login verifies a user's password and makes a ticket. Every path that verifies
// computes one password hash at current cost, so the time of a login does not
// reveal whether there is such a user (an account with a hash in an older format
// costs that one, too, until its upgrade).
//
// Failed logins are counted, in a row, as OWASP's device cookies suggest and NIST
// SP 800-63B-4 section 3.2.2 demands. A client is known for a user by its Device, or
// else by its address prefix (IPv4 /32, IPv6 /64) if a login of that user succeeded from
// there within 30 days; each known device and prefix may fail 100 times and is unknown
// then. All unknown clients together may fail [Config].MaxFailures times; then only known
// clients get in, until one of them succeeds or [Authority.Unlock] is called. A prefix
// from which unknown clients fail for more than 20 users waits up to 15 minutes. A
// success clears the counts of its client and of unknown clients; SetPassword and Unlock
// clear all of a user's.
//
// Errors: ErrBadCredentials for an unknown or disabled user and a wrong password alike;
// a [*ThrottledError], which is ErrThrottled; ErrBusy; with Groups ErrDenied and
// ErrSeparation; ErrInvalid for an argument that could not be right for anybody; ErrUnavailable.
func (a *Authority) Login(ctx context.Context, l Login) (Token, error) {
	t, err := a.login(ctx, l)
	a.logLogin(ctx, l, err)
	return t, err
}

func (a *Authority) login(ctx context.Context, l Login) (Token, error) {
	l.User = trimUser(l.User)
	err := a.checkLogin(l)
	if !l.AuthenticatedAt.IsZero() {
		err = errors.Join(err, invalid("login", l.User, "AuthenticatedAt", "the user proves now who they are"))
	}
	if err != nil {
		return Token{}, err
	}
	at := a.newAttempt(l)
	v, err := a.authenticate(ctx, at, nil)
	if err != nil {
		return Token{}, err
	}
	if a.verified != nil {
		a.verified()
	}
	t, err := a.passwordTicket(ctx, at, v)
	if errors.Is(err, errHashChanged) {
		// Another login may have upgraded the hash: the same password then belongs to the new one.
		if v, err = a.verifyAgain(ctx, v.user.ID, l); err == nil {
			t, err = a.passwordTicket(ctx, at, v)
		}
	}
	if err != nil {
		return Token{}, a.giveUp(ctx, at, err)
	}
	return t, nil
}

// errHashChanged: between the verification and the transaction that makes the ticket the password's hash was changed.
var errHashChanged = fmt.Errorf("%w: the password was changed meanwhile", ErrBadCredentials)

// passwordTicket makes the ticket of a verified user.
func (a *Authority) passwordTicket(ctx context.Context, at *attempt, v verified) (Token, error) {
	t, err := a.makeTicket(ctx, v.user.ID, at.login, func(r store.Records, now store.UserRecord) error {
		switch {
		case now.Disabled:
			return ErrBadCredentials
		case now.PasswordHash != v.user.PasswordHash:
			return errHashChanged
		case v.upgrade != "":
			return r.SetPasswordHash(now.ID, v.upgrade)
		}
		return nil
	}, at)
	if errors.Is(err, ErrNotFound) {
		return Token{}, ErrBadCredentials // deleted meanwhile
	}
	return t, err
}

// Issue makes a ticket for a user whom the host has authenticated itself.
//
// Errors: ErrInvalid, also for a Login with a Password; ErrNotFound; ErrThrottled where the user has
// logged in and out too often, as Config.MaxTickets says; ErrDenied
// for a disabled user, and with Groups; with these ErrSeparation; ErrUnavailable.
func (a *Authority) Issue(ctx context.Context, l Login) (Token, error) {
	t, err := a.issue(ctx, l)
	a.logLogin(ctx, l, err)
	return t, err
}

func (a *Authority) issue(ctx context.Context, l Login) (Token, error) {
	if l.Password != "" {
		return Token{}, invalid("login", l.User, "Password", "Issue verifies none")
	}
	l.User = trimUser(l.User)
	if err := a.checkLogin(l); err != nil {
		return Token{}, err
	}
	var u store.UserRecord
	err := a.view(ctx, func(r store.Records) (err error) {
		u, err = findLogin(r, l)
		return err
	})
	if err != nil {
		return Token{}, named(err, "user", l.User+l.Subject)
	}
	t, err := a.makeTicket(ctx, u.ID, l, func(_ store.Records, now store.UserRecord) error {
		if now.Disabled {
			return &Error{Kind: ErrDenied, Record: "user", Name: now.Name, Reason: "the account is disabled"}
		}
		return nil
	}, nil)
	return t, named(err, "user", l.User+l.Subject)
}

// trimUser drops the spaces around a user name as it was typed or pasted, since no
// user name begins or ends with a space. The zero-width space and the byte order
// mark, which Unicode does not count as spaces, are dropped too: no name has them.
func trimUser(name string) string {
	return strings.TrimFunc(name, func(c rune) bool { return unicode.IsSpace(c) || c == '\u200B' || c == '\uFEFF' })
}

func (a *Authority) checkLogin(l Login) error {
	if (l.User == "") == (l.Subject == "") {
		return invalid("login", l.User, "User", "exactly one of User and Subject is needed")
	}
	err := errors.Join(validKey("login", l.User, "Label", l.Label), noHidden("login", l.User, "Label", l.Label), validGroups("login", l.Groups))
	if !l.Expires.IsZero() && (!a.now().Before(instant(l.Expires)) || l.Expires.UTC().Year() > 9999) {
		err = errors.Join(err, invalid("login", l.User, "Expires", "not in the future, or beyond the year 9999"))
	}
	if at := instant(l.AuthenticatedAt); at.After(a.now().Add(clockSkew)) {
		err = errors.Join(err, invalid("login", l.User, "AuthenticatedAt", "in the future"))
	}
	return errors.Join(err, validTime("login", l.User, "AuthenticatedAt", l.AuthenticatedAt))
}

func validGroups(record string, names []string) (err error) {
	for _, name := range names {
		err = errors.Join(err, validName(record, "Groups", name))
	}
	return err
}

func (a *Authority) logLogin(ctx context.Context, l Login, err error) {
	attrs := []any{"user", names.Printable(l.User, names.MaxName), "subject", names.Printable(l.Subject, names.MaxName), "addr", l.Addr}
	switch {
	case err == nil:
		a.log.InfoContext(ctx, "rbac: login", attrs...)
	case errors.Is(err, ErrUnavailable):
		a.log.ErrorContext(ctx, "rbac: login failed", append(attrs, "error", err)...)
	default:
		a.log.WarnContext(ctx, "rbac: login refused", append(attrs, "error", err)...)
	}
}
