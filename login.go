package rbac

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
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
// from which unknown clients fail for more than 20 users waits up to 15 minutes. The
// counts of a user are cleared by a success, SetPassword and Unlock.
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
	t, err := a.makeTicket(ctx, v.user.ID, at.login, func(r Records, now UserRecord) error {
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
	var u UserRecord
	err := a.view(ctx, func(r Records) (err error) {
		u, err = findLogin(r, l)
		return err
	})
	if err != nil {
		return Token{}, named(err, "user", l.User+l.Subject)
	}
	t, err := a.makeTicket(ctx, u.ID, l, func(_ Records, now UserRecord) error {
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
	attrs := []any{"user", printable(l.User, maxName), "subject", printable(l.Subject, maxName), "addr", l.Addr}
	switch {
	case err == nil:
		a.log.InfoContext(ctx, "rbac: login", attrs...)
	case errors.Is(err, ErrUnavailable):
		a.log.ErrorContext(ctx, "rbac: login failed", append(attrs, "error", err)...)
	default:
		a.log.WarnContext(ctx, "rbac: login refused", append(attrs, "error", err)...)
	}
}

// errNeedHead: the login ends a ticket, so it has to take head first.
var errNeedHead = errors.New("rbac: login ends a ticket")

// makeTicket makes a ticket in a transaction that has locked the user and in which
// check agreed. The attempt is nil for a login without a password. Only a login that ends another ticket is a change that takes head.
func (a *Authority) makeTicket(ctx context.Context, user uuid.UUID, l Login, check func(Records, UserRecord) error, at *attempt) (Token, error) {
	t := newToken()
	attempt := func(withHead bool) error {
		return a.commit(ctx, func(r Records) (*Tx, error) {
			tx := &Tx{a: a, ctx: ctx, r: r, now: a.now()}
			if withHead {
				var err error
				if tx, err = a.begin(ctx, r, false); err != nil {
					return tx, err
				}
			}
			if l.Groups != nil && !withHead {
				// A dynamic set and a ticket that violates it must not miss each other.
				if _, err := r.ShareHead(); err != nil {
					return tx, err
				}
			}
			return tx, tx.login(user, t, l, check, at)
		})
	}
	err := attempt(!l.Replaces.IsZero())
	if errors.Is(err, errNeedHead) {
		err = attempt(true)
	}
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

// login is what happens in the transaction that makes a ticket.
func (tx *Tx) login(user uuid.UUID, t Token, l Login, check func(Records, UserRecord) error, at *attempt) error {
	u, err := tx.r.LockUser(user)
	if err != nil {
		return err
	}
	if err := check(tx.r, u); err != nil {
		return err
	}
	if tx.actor.name == "" {
		tx.actor = actor{name: u.Name, verified: at != nil}
	}
	if err := tx.checkPace(u, paceLogins); err != nil {
		return err
	}
	if at != nil {
		if err := tx.succeed(at); err != nil {
			return err
		}
	}
	rec, err := tx.newTicket(u.User, t, l)
	if err != nil {
		return err
	}
	if err := tx.replaceTicket(l.Replaces); err != nil {
		return err
	}
	if err := tx.endOldest(u.User, rec); err != nil {
		return err
	}
	if tx.changes > 0 { // this login is not free
		if err := tx.pace(u, paceLogins); err != nil {
			return err
		}
	}
	return errors.Join(tx.r.SetLastLogin(u.ID, tx.now), tx.r.AddTicket(rec))
}

func (tx *Tx) newTicket(u User, t Token, l Login) (TicketRecord, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return TicketRecord{}, err
	}
	rec := TicketRecord{ID: id, User: u.ID, Hash: t.hash(), Narrowed: l.Groups != nil,
		Key:     l.Label != "" && !l.Expires.IsZero(),
		Created: tx.now, LastSeen: tx.now, Expires: instant(tx.now.Add(tx.a.cfg.AbsoluteLimit)),
		Idle:  tx.a.cfg.IdleLimit.Truncate(time.Microsecond),
		Label: l.Label, UserAgent: printable(l.UserAgent, maxName)}
	if !l.Expires.IsZero() && (rec.Key || l.Expires.Before(rec.Expires)) {
		rec.Expires = instant(l.Expires)
	}
	if rec.Key {
		rec.Idle = 0
	}
	if at := instant(l.AuthenticatedAt); !at.IsZero() && at.Before(tx.now) {
		rec.Created = at
	}
	if l.Addr.IsValid() {
		rec.Addr = l.Addr.WithZone("").String() // a zone is any text, and means something here alone
	}
	rec.Groups, err = tx.loginGroups(u, l.Groups)
	return rec, err
}

// loginGroups finds the groups that are to be the only active ones: all or nothing.
func (tx *Tx) loginGroups(u User, names []string) ([]uuid.UUID, error) {
	if len(names) == 0 {
		return nil, nil
	}
	memberships, err := tx.r.UserMemberships(u.ID)
	if err != nil {
		return nil, err
	}
	p, err := tx.dynamicPolicy(groupsOf([]holder{{u.ID, memberships}}))
	if err != nil {
		return nil, err
	}
	assigned := p.assigned(memberships, tx.now)
	authorized := p.closeOver(slices.Concat(slices.Collect(maps.Values(assigned))...))
	ids := make([]uuid.UUID, len(names))
	for i, name := range names {
		n, ok := p.groupNums.Get(name)
		if _, found := slices.BinarySearch(authorized, n); !ok || !found {
			return nil, &Error{Kind: ErrDenied, Record: "group", Name: name, Reason: u.Name + " is not authorized for it"}
		}
		ids[i] = p.group(n).ID
	}
	ids = sortIDs(ids)
	return ids, tx.checkTogether(p, u, assigned, ids)
}

// checkTogether refuses groups that may not be active together where the user is assigned to what brings them.
func (tx *Tx) checkTogether(p *policy, u User, assigned map[string][]int32, groups []uuid.UUID) error {
	t := TicketRecord{Narrowed: true, Groups: groups}
	for _, scope := range scopes(assigned) {
		if v, ok := p.violation(scope, p.chosen(assignedIn(assigned, scope), t)); ok {
			v.user = u.ID
			return tx.separationError([]violation{v})
		}
	}
	return nil
}

// inOrderOfIssue sorts tickets by when they were made, which their ids begin with (UUID version 7).
func inOrderOfIssue(tickets []TicketRecord) {
	slices.SortFunc(tickets, func(a, b TicketRecord) int { return bytes.Compare(a.ID[:], b.ID[:]) })
}

// replaceTicket ends the ticket that the client had before, whoever it belonged to.
func (tx *Tx) replaceTicket(t Token) error {
	if t.IsZero() {
		return nil
	}
	old, err := tx.r.TicketByHash(t.hash())
	if errors.Is(err, ErrNotFound) {
		old, err = tx.a.cachedRecord(t.hash())
	}
	if err != nil {
		return ignore(err, ErrNotFound)
	}
	u, err := tx.r.User(old.User)
	if err != nil {
		return ignore(err, ErrNotFound) // it ended with its user
	}
	return tx.endTicket("Logout", u.User, old)
}

// endOldest ends the tickets of a user that were made first, as far as the new one would be one too many. Their ids tell which
// these are: Created is when the user was authenticated, which may be long before.
func (tx *Tx) endOldest(u User, added TicketRecord) error {
	if added.Key {
		return nil
	}
	tickets, err := tx.r.UserTickets(u.ID)
	if err != nil {
		return err
	}
	counted := slices.DeleteFunc(tickets, func(t TicketRecord) bool { return t.Key || !tx.a.living(t, tx.now) })
	inOrderOfIssue(counted)
	for len(counted) >= tx.a.cfg.MaxTickets {
		if tx.next == (Head{}) {
			return errNeedHead
		}
		if err := tx.endTicket("RevokeTicket", u, counted[0]); err != nil {
			return err
		}
		counted = counted[1:]
	}
	return nil
}
