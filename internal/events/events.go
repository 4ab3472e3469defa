// Package events has the rules about events: their kinds, how they are logged,
// and the queue that delivers them.
package events

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"

	"github.com/rbac-go/rbac/store"
)

// The kinds of events: words of OWASP's Logging Vocabulary, and for keys, links
// and the store words of the same form.
const (
	Login           = "authn_login_success"
	LoginRefused    = "authn_login_fail"
	Throttled       = "authn_login_lock"
	Logout          = "session_expired"
	TicketEnded     = "authn_token_revoked"
	PasswordChanged = "authn_password_change"
	PasswordRefused = "authn_password_change_fail"
	KeyIssued       = "authn_key_issued"
	LinkIssued      = "authn_link_issued"
	LinkRedeemed    = "authn_link_redeemed"
	LinkExpired     = "authn_link_expired"
	Denied          = "authz_fail"
	RightsChanged   = "authz_change"
	PolicyChanged   = "authz_admin"
	UserCreated     = "user_created"
	UserUpdated     = "user_updated"
	UserDeleted     = "user_deleted"
	StoreLost       = "sys_store_lost"
	StoreFound      = "sys_store_found"
)

// OfLogin returns the kind of a login by its outcome.
func OfLogin(err error, throttled bool) string {
	switch {
	case err == nil:
		return Login
	case throttled:
		return Throttled
	}
	return LoginRefused
}

// OfStore returns the kind of the news that the store can be followed, or that
// it cannot.
func OfStore(err error) string {
	if err == nil {
		return StoreFound
	}
	return StoreLost
}

// OfChange returns the kind of a change by its action.
func OfChange(action string) string {
	if kind, ok := changes[action]; ok {
		return kind
	}
	return PolicyChanged
}

// changes has the changes of a single user.
var changes = map[string]string{
	"AddUser":    UserCreated,
	"ModifyUser": UserUpdated,
	"Unlock":     UserUpdated,
	"DeleteUser": UserDeleted,

	"SetPasswordHash": PasswordChanged,

	"AssignUser":       RightsChanged,
	"ModifyMembership": RightsChanged,
	"DeassignUser":     RightsChanged,
	"AddActiveGroup":   RightsChanged,
	"DropActiveGroup":  RightsChanged,
	"SetActiveGroups":  RightsChanged,

	"Logout":       Logout,
	"RevokeTicket": TicketEnded,
	"LogoutUser":   TicketEnded,
	"IssueKey":     KeyIssued,

	"IssueLink":  LinkIssued,
	"RedeemLink": LinkRedeemed,
	"ExpireLink": LinkExpired,
}

// Common reports whether strangers can cause any number of events of a kind.
func Common(kind string) bool {
	switch kind {
	case LoginRefused, Throttled, PasswordRefused, Denied:
		return true
	}
	return false
}

// Line returns the message and the level of an event in the log.
func Line(kind string, err error) (message string, level slog.Level) {
	text, ok := texts[kind]
	switch {
	case errors.Is(err, store.ErrUnavailable), kind == StoreLost:
		text, level = strings.Replace(text, "refused", "failed", 1), slog.LevelError
	case !ok:
		text, level = "changed", slog.LevelDebug
	case err != nil && kind != Denied:
		level = slog.LevelWarn
	}
	return "rbac: " + text, level
}

// texts are the messages of the log. Events of all other kinds are changes,
// which the change log keeps, and which may be many.
var texts = map[string]string{
	Login:           "login",
	LoginRefused:    "login refused",
	Throttled:       "login refused",
	Logout:          "ticket ended",
	TicketEnded:     "ticket ended",
	PasswordChanged: "password changed",
	PasswordRefused: "password change refused",
	KeyIssued:       "API key issued",
	LinkIssued:      "link issued",
	LinkRedeemed:    "link redeemed",
	Denied:          "denied",
	StoreLost:       "the store cannot be followed",
	StoreFound:      "the store can be followed again",
}

// Attrs returns keys and values as attributes, without the zero values. Errors
// stay errors, and other values that have a text become the text.
func Attrs(keysAndValues ...any) (attrs []slog.Attr) {
	for i := 0; i < len(keysAndValues); i += 2 {
		key, value := keysAndValues[i].(string), keysAndValues[i+1]
		// An error may be an empty struct, as context.DeadlineExceeded is.
		if _, isError := value.(error); !isError {
			if v := reflect.ValueOf(value); !v.IsValid() || v.IsZero() {
				continue
			}
		}
		if text, ok := value.(fmt.Stringer); ok {
			value = text.String()
		}
		attrs = append(attrs, slog.Any(key, value))
	}
	return attrs
}
