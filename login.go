package rbac

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/rbac-go/rbac/internal/loginlog"
	"github.com/rbac-go/rbac/internal/session"
	"github.com/rbac-go/rbac/store"
)

// Login describes a login. A Login prints without its secrets, except in an
// unexported field of another struct: there fmt reads the fields without
// calling any method. The Token in Replaces stays redacted even then; the
// Password, a plain string, does not. Keep no Login in a long-lived struct.
type Login struct {
	User     string // name, in any form, with or without spaces around it; or
	Subject  string // the host's own id for the user; exactly one of the two
	Password string // for Authority.Login only

	// Addr is the address of the client itself, not of a proxy. Failed logins
	// and places in the queue of hashes are counted by address. The zero Addr
	// means unknown: such a client is known by its Device at best, and shares
	// its places with all clients without an address.
	Addr netip.Addr
	// Device is the secret that [Authority.NewDevice] gave the client after an
	// earlier login, or empty. A client with a device is let in while strangers
	// fail for the same user. Anything but a living device of the user is
	// ignored. A device is good for a single login.
	Device    string
	UserAgent string // shown in the list of tickets; cut at 256 bytes
	Label     string // shown in the list of tickets; at most 256 bytes

	// Groups, unless nil, are the only groups that will be active in the
	// ticket, together with the groups that they inherit. The user must be
	// authorized for each, else the login is ErrDenied. Groups must not violate
	// a dynamic separation set, else the login is ErrSeparation.
	//
	// Nil means all groups that the user is assigned to, except the groups that
	// a dynamic set keeps out: Ticket.Omitted lists them. Groups are activated
	// in byte order of their names; in a scope, groups that are assigned
	// everywhere come before groups that are assigned only in the scope.
	Groups []string
	// Remember makes a ticket that lives for Config.RememberLimit and
	// Config.RememberIdle instead of AbsoluteLimit and IdleLimit. It is for
	// users who ask to stay signed in on a device of their own. The ticket
	// counts for Config.MaxTickets, and AuthenticatedWithin goes by the login.
	Remember bool
	// Expires ends the ticket early. Zero means the limit, which is
	// Config.AbsoluteLimit or, with Remember, Config.RememberLimit; a time
	// beyond the limit is ErrInvalid. Together with a Label, Expires makes an
	// API key. An API key may live longer, has no idle limit and is not counted
	// by Config.MaxTickets. Prefer [Authority.IssueKey] to make one.
	Expires time.Time
	// AuthenticatedAt is, for Issue, the time at which the user signed in at
	// another service. An identity provider states when the user gave a
	// password or key (auth_time of OpenID Connect); do not use the time at
	// which a token was issued (iat). AuthenticatedWithin goes by
	// AuthenticatedAt.
	//
	// Zero means now. That is right if the user has just signed in at the other
	// service in person, and unsafe if an existing session was enough. The
	// ticket is listed as Created at AuthenticatedAt, and lives by its limits
	// from now. Up to a minute in the future counts as now; a later time is
	// ErrInvalid. For Authority.Login any time is ErrInvalid.
	AuthenticatedAt time.Time
	// Replaces is the ticket that the client had until now, if any. The ticket
	// ends when the login succeeds, so the client cannot go on as the earlier
	// user.
	Replaces Token
}

// String names the user of the login, without secrets.
func (l Login) String() string {
	return fmt.Sprintf("login of %q, secrets redacted", l.User+l.Subject)
}

// Format prints String, whatever the verb.
func (l Login) Format(f fmt.State, _ rune) { io.WriteString(f, l.String()) }

// LogValue logs String.
func (l Login) LogValue() slog.Value { return slog.StringValue(l.String()) }

// MarshalText encodes String, so no encoder reveals the secrets.
func (l Login) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Login verifies a user's password and makes a ticket. Every path that verifies
// computes one password hash at the current cost, so the time of a login does
// not reveal whether there is such a user. An account with a hash in an older
// format costs that hash, too, until the next login upgrades it.
//
// Failures in a row are counted, as OWASP's device cookies suggest and NIST SP
// 800-63B-4 section 3.2.2 demands. A client is known for a user by its Device,
// or else by its address prefix (IPv4 /32, IPv6 /64) if a login of the user
// succeeded from the prefix within 30 days. Each known device and prefix may
// fail 100 times, and is unknown afterwards. All unknown clients together may
// fail [Config].MaxFailures times; then only known clients get in, until a
// known client succeeds or [Authority.Unlock] is called. A prefix from which
// unknown clients fail for more than 20 users waits up to 15 minutes. A success
// clears the counts of the client and of unknown clients; SetPassword and
// Unlock clear all counts of a user.
//
// Errors: ErrBadCredentials for an unknown or disabled user and a wrong
// password alike; a [*ThrottledError], which is ErrThrottled; ErrBusy; with
// Groups ErrDenied and ErrSeparation; ErrInvalid for an argument that is wrong
// for every user; ErrUnavailable.
func (a *Authority) Login(ctx context.Context, l Login) (Token, error) {
	at := a.newAttempt(l, loginlog.ByPassword)
	t, err := at.logIn(ctx)
	at.emitLogin(ctx, "Login", err)
	return t, err
}

func (at *attempt) logIn(ctx context.Context) (Token, error) {
	err := at.check()
	if !at.login.AuthenticatedAt.IsZero() {
		err = errors.Join(err, invalid("login", at.login.User, "AuthenticatedAt",
			"the user proves now who they are"))
	}
	if err != nil {
		return Token{}, err
	}
	if err := at.verify(ctx); err != nil {
		return Token{}, err
	}
	t, err := at.makeTicket(ctx)
	if errors.Is(err, errHashChanged) {
		// Another login may have upgraded the hash. The new hash belongs to the
		// same password.
		if err = at.verifyAgain(ctx); err == nil {
			t, err = at.makeTicket(ctx)
		}
	}
	if errors.Is(err, ErrNotFound) {
		err = ErrBadCredentials // deleted meanwhile
	}
	if err != nil {
		return Token{}, at.giveUp(ctx, err)
	}
	return t, nil
}

// Issue makes a ticket for a user whom the host has authenticated itself.
//
// Errors: ErrInvalid, also for a Login with a Password; ErrNotFound;
// ErrThrottled if the user has logged in and out too often, as Config.MaxTickets
// describes; ErrDenied for a disabled user, and with Groups; with Groups
// ErrSeparation, too; ErrUnavailable.
func (a *Authority) Issue(ctx context.Context, l Login) (Token, error) {
	at := a.newAttempt(l, loginlog.ByHost)
	t, err := at.issue(ctx)
	at.emitLogin(ctx, "Issue", err)
	return t, err
}

func (at *attempt) issue(ctx context.Context) (Token, error) {
	l := at.login
	if l.Password != "" {
		return Token{}, invalid("login", l.User, "Password", "Issue verifies none")
	}
	if err := at.check(); err != nil {
		return Token{}, err
	}
	err := at.a.view(ctx, func(r store.Records) (err error) {
		at.user, err = at.find(r)
		return err
	})
	if err != nil {
		return Token{}, named(err, "user", l.User+l.Subject)
	}
	t, err := at.makeTicket(ctx)
	return t, named(err, "user", l.User+l.Subject)
}

// check checks the arguments of a login.
func (at *attempt) check() error {
	l, now := at.login, at.a.now()
	if (l.User == "") == (l.Subject == "") {
		return invalid("login", l.User, "User", "exactly one of User and Subject is needed")
	}
	err := errors.Join(
		validKey("login", l.User, "Label", l.Label),
		noHidden("login", l.User, "Label", l.Label),
		validGroups("login", l.Groups))
	if !l.Expires.IsZero() && (!now.Before(instant(l.Expires)) || l.Expires.UTC().Year() > 9999) {
		err = errors.Join(err, invalid("login", l.User, "Expires",
			"not in the future, or beyond the year 9999"))
	}
	if instant(l.AuthenticatedAt).After(now.Add(clockSkew)) {
		err = errors.Join(err, invalid("login", l.User, "AuthenticatedAt", "in the future"))
	}
	if !l.isKey() {
		err = errors.Join(err, invalid("login", l.User, "Expires", at.a.cfg.limit(l.Remember).Refuse(instant(l.Expires), now)))
	} else if l.Remember {
		err = errors.Join(err, invalid("login", l.User, "Remember", "an API key is not remembered: it ends at Expires"))
	}
	return errors.Join(err, validTime("login", l.User, "AuthenticatedAt", l.AuthenticatedAt))
}

// isKey reports whether the login makes an API key.
func (l Login) isKey() bool { return l.Label != "" && !l.Expires.IsZero() }

// limit returns the limits of a new session.
func (c *Config) limit(remember bool) session.Limit {
	if remember {
		return session.Limit{Idle: c.RememberIdle, Absolute: c.RememberLimit, Name: "RememberLimit"}
	}
	return session.Limit{Idle: c.IdleLimit, Absolute: c.AbsoluteLimit, Name: "AbsoluteLimit"}
}

func validGroups(record string, names []string) (err error) {
	for _, name := range names {
		err = errors.Join(err, validName(record, "Groups", name))
	}
	return err
}
