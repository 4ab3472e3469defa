package rbac

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/events"
	"github.com/rbac-go/rbac/internal/names"
)

// EventKind is what an [Event] is about, mostly a word of OWASP's Logging
// Vocabulary. The kinds never change; docs/operations.md has their attributes.
type EventKind string

// The kinds of events. A host may report kinds of its own.
const (
	EventLogin           EventKind = events.Login           // authn_login_success: by Login or Issue
	EventLoginRefused    EventKind = events.LoginRefused    // authn_login_fail, also because the store or the queue of hashes failed: see Err
	EventThrottled       EventKind = events.Throttled       // authn_login_lock: a login was ErrThrottled
	EventLogout          EventKind = events.Logout          // session_expired: a ticket ended by its token
	EventTicketEnded     EventKind = events.TicketEnded     // authn_token_revoked: a ticket ended otherwise; not by a limit of time
	EventPasswordChanged EventKind = events.PasswordChanged // authn_password_change; the first password, too
	EventPasswordRefused EventKind = events.PasswordRefused // authn_password_change_fail: by ChangePassword or ResetPassword
	EventKeyIssued       EventKind = events.KeyIssued       // authn_key_issued: by IssueKey or RotateKey
	EventLinkIssued      EventKind = events.LinkIssued      // authn_link_issued
	EventLinkRedeemed    EventKind = events.LinkRedeemed    // authn_link_redeemed
	EventLinkExpired     EventKind = events.LinkExpired     // authn_link_expired: a link ended unused
	EventDenied          EventKind = events.Denied          // authz_fail: by Judge, UpdateAs or httpguard
	EventRightsChanged   EventKind = events.RightsChanged   // authz_change: of a single user, or of a ticket
	EventPolicyChanged   EventKind = events.PolicyChanged   // authz_admin: groups, permissions, grants and so on
	EventUserCreated     EventKind = events.UserCreated     // user_created
	EventUserUpdated     EventKind = events.UserUpdated     // user_updated
	EventUserDeleted     EventKind = events.UserDeleted     // user_deleted
	EventStoreLost       EventKind = events.StoreLost       // sys_store_lost: the store does not answer
	EventStoreFound      EventKind = events.StoreFound      // sys_store_found: the store answers again
)

// Event is something that operators want to see; see [Config].OnEvent. Fields
// that do not apply are zero. An Event holds no password, hash, token or secret
// of a link. The User of a refused login is as the client typed it, and people
// type passwords there by mistake.
type Event struct {
	Time    time.Time // by Config.Clock
	Kind    EventKind
	Action  string     // the function, such as "Login" or "Judge"; of a change, Change.Action
	User    string     // whom the event is about
	UserID  uuid.UUID  // zero for a login of an unknown user
	Subject string     // of a login by Subject
	Actor   string     // who made a change
	Addr    netip.Addr // of the client, where the caller stated it
	Ticket  uuid.UUID  // that begins or ends, or of the denied Identity
	Known   bool       // Login knew the client for the user by its device or address prefix; false for Issue
	Change  Change     // the entry of the change log, without Before and After
	Err     error      // why something was refused, denied or lost
}

// LogValue returns the attributes of an event, which the lines of
// Config.Logger have, too. Zero fields and the Time are left out.
func (e Event) LogValue() slog.Value {
	c := e.Change
	if c.Subject == e.User {
		c.Subject = ""
	}
	return slog.GroupValue(events.Attrs("event", string(e.Kind), "action", e.Action, "user", e.User, "user_id", e.UserID,
		"subject", e.Subject, "actor", e.Actor, "addr", e.Addr, "ticket", e.Ticket, "known", e.Known,
		"record", c.Subject, "object", c.Object, "scope", c.Scope, "revision", uint64(c.Revision), "error", e.Err)...)
}

// Report sends an event of the host, such as a denial after [Check], to
// Config.OnEvent. Report does not wait, and does not log. A zero Time means
// now. Denials that Judge or UpdateAs has reported are not sent again.
func (a *Authority) Report(ctx context.Context, e Event) {
	denied, ok := errors.AsType[*DeniedError](e.Err)
	if ok && e.Kind == EventDenied && denied.reported {
		return
	}
	if ok && e.Ticket == uuid.Nil && denied.Identity.BelongsTo(a) {
		e.Ticket = denied.Identity.origin.ticket
	}
	a.send(ctx, e)
}

func (a *Authority) send(ctx context.Context, e Event) {
	if a.events == nil { // nobody listens
		return
	}
	if e.Time.IsZero() {
		e.Time = a.now()
	}
	// What OnEvent does is not done by whoever caused the event.
	ctx = WithReason(WithActor(NewContext(ctx, nil), ""), "")
	a.events.Send(ctx, e, events.Common(string(e.Kind)))
}

// emit logs and sends an event.
func (a *Authority) emit(ctx context.Context, e Event) {
	message, level := events.Line(string(e.Kind), e.Err)
	if a.log.Enabled(ctx, level) {
		a.log.LogAttrs(ctx, level, message, e.LogValue().Group()...)
	}
	a.send(ctx, e)
}

// emitLogin counts and emits the outcome of a login.
func (at *attempt) emitLogin(ctx context.Context, action string, err error) {
	throttled := errors.Is(err, ErrThrottled)
	at.a.logins.Count(err, throttled)
	e := Event{Kind: EventKind(events.OfLogin(err, throttled)), Action: action, Addr: at.login.Addr,
		User: names.Printable(at.login.User, names.MaxName), Subject: names.Printable(at.login.Subject, names.MaxName),
		UserID: at.counted.User, Known: at.counted.Client.Known(), Err: err}
	if at.user.ID != uuid.Nil {
		e.User, e.UserID = at.user.Name, at.user.ID
	}
	if err == nil {
		e.Ticket = at.ticket
	}
	at.a.emit(ctx, e)
}

// emitDenied emits the denial of a call, if err is one.
func (a *Authority) emitDenied(ctx context.Context, action string, err error) {
	denied, ok := errors.AsType[*DeniedError](err)
	if !ok {
		return
	}
	id := denied.Identity
	e := Event{Kind: EventDenied, Action: action, User: id.User(), UserID: id.ID(), Err: err}
	if id.BelongsTo(a) {
		e.Addr, e.Ticket = id.addr, id.origin.ticket
	}
	denied.reported = id != nil // without an Identity, the error may be a variable of the program
	a.emit(ctx, e)
}

// emitChanges emits the changes of a committed Update.
func (a *Authority) emitChanges(ctx context.Context, tx *Tx) {
	for _, c := range tx.noted {
		e := Event{Time: c.At, Kind: EventKind(events.OfChange(c.Action)), Action: c.Action, Actor: c.Actor, Change: c}
		if e.Kind != EventPolicyChanged {
			e.User, e.UserID = c.Subject, c.SubjectID
		}
		if e.Kind == EventLogout || e.Kind == EventTicketEnded {
			e.Ticket = c.ObjectID
		}
		a.emit(ctx, e)
	}
	if more := tx.changes.Len() - len(tx.noted); more > 0 {
		a.log.WarnContext(ctx, "rbac: a large Update: the change log has the changes without an event", "changes", more)
	}
}
