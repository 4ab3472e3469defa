package httpguard

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/rbac-go/rbac"
)

// Status returns the HTTP status for an error of the Authority, of a Tx or of
// [rbac.Check], as [Guard.Deny] sends it:
//
//   - 401: ErrNoTicket, ErrBadCredentials; a *rbac.DeniedError about an
//     anonymous client, or about a user who needs a new login
//   - 403: ErrDenied
//   - 404: ErrNotFound
//   - 409: ErrExists, ErrConflict, ErrProtected, ErrSeparation, ErrCycle
//   - 422: ErrInvalid
//   - 429: ErrThrottled
//   - 503: ErrUnavailable, ErrBusy
//   - 500: any other error, such as ErrTxDone and ErrReadOnly, which are
//     mistakes of the program
//
// Only a nil error has the status 200. For joined errors, Status returns the
// status that reveals least. A 500 for a mistake of the program comes first,
// then 503, 429, 401, 404, 403, 409 and 422. Responses with 429 and 503 need a
// Retry-After, which Deny adds. [Detail] returns the text.
func Status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	var denied *rbac.DeniedError
	if errors.As(err, &denied) {
		return statusFor(denied.Identity, err)
	}
	return kindStatus(err)
}

// kindStatus returns the status for the kind of an error alone.
func kindStatus(err error) int {
	for _, k := range statuses {
		if errors.Is(err, k.kind) {
			return k.status
		}
	}
	return http.StatusInternalServerError
}

// statuses lists the kinds of errors. The first match counts.
var statuses = []struct {
	kind   error
	status int
}{
	{rbac.ErrTxDone, http.StatusInternalServerError},
	{rbac.ErrReadOnly, http.StatusInternalServerError},
	{rbac.ErrUnavailable, http.StatusServiceUnavailable},
	{rbac.ErrBusy, http.StatusServiceUnavailable},
	{rbac.ErrThrottled, http.StatusTooManyRequests},
	{rbac.ErrNoTicket, http.StatusUnauthorized},
	{rbac.ErrBadCredentials, http.StatusUnauthorized},
	{rbac.ErrNotFound, http.StatusNotFound},
	{rbac.ErrDenied, http.StatusForbidden},
	{rbac.ErrExists, http.StatusConflict},
	{rbac.ErrConflict, http.StatusConflict},
	{rbac.ErrProtected, http.StatusConflict},
	{rbac.ErrSeparation, http.StatusConflict},
	{rbac.ErrCycle, http.StatusConflict},
	{rbac.ErrInvalid, http.StatusUnprocessableEntity},
}

// statusFor returns the status for the client with the Identity id: 401 in
// place of 403 if a login may help.
func statusFor(id *rbac.Identity, err error) int {
	status := kindStatus(err)
	if status != http.StatusForbidden {
		return status
	}
	if _, helps := freshLogin(id, err); helps || id.IsAnonymous() {
		return http.StatusUnauthorized
	}
	return status
}

// Detail returns a text about err for the user whose request caused err: full
// sentences about what happened and, if that helps, what to do. The text names
// the record and the field at fault, and for ErrSeparation the users and groups
// of the violated set. For a denial the text is general: [Guard.Deny] explains
// denials.
func Detail(err error) string { return detail(Status(err), err) }

func detail(status int, err error) string {
	var conflict *rbac.ConflictError
	if errors.As(err, &conflict) && status == http.StatusConflict {
		return changedDetail(conflict)
	}
	var e *rbac.Error
	if !errors.As(err, &e) || kindStatus(e) != status {
		return statusDetail(status)
	}
	switch {
	case e.Kind == rbac.ErrNotFound && e.Record != "":
		return fmt.Sprintf("There is no %s.", recordName(e))
	case e.Kind == rbac.ErrExists && e.Reason == "":
		return existsDetail(e)
	case e.Kind == rbac.ErrProtected:
		return "This would leave nobody with the permission " + e.Name + ". Grant the permission to somebody else first."
	case status == http.StatusConflict && e.Reason != "":
		return conflictDetail(e)
	case status == http.StatusUnprocessableEntity:
		return invalidDetail(e)
	}
	return statusDetail(status)
}

// recordName returns the record at fault: user "amy".
func recordName(e *rbac.Error) string {
	if e.Name == "" {
		return e.Record
	}
	return fmt.Sprintf("%s %q", e.Record, e.Name)
}

// changedDetail names the administrator who was quicker.
func changedDetail(e *rbac.ConflictError) string {
	what := fmt.Sprintf("The %s %q has been changed in the meantime", e.Record, e.Name)
	if e.Change.Actor != "" {
		what += fmt.Sprintf(" by %q", e.Change.Actor)
	}
	return what + ". Load the page again, and decide with the new values."
}

func existsDetail(e *rbac.Error) string {
	if e.Field != "" && e.Field != "Name" {
		return fmt.Sprintf("Another %s already has this %s. Choose another.", e.Record, fieldName(e.Field))
	}
	text := fmt.Sprintf("The %s already exists.", recordName(e))
	if e.Field == "Name" {
		text += " Choose another name."
	}
	return text
}

func conflictDetail(e *rbac.Error) string {
	what := "This cannot be done: "
	switch e.Kind {
	case rbac.ErrSeparation:
		what = "This would violate a separation of duty: "
	case rbac.ErrCycle:
		what = "This would make a group inherit itself: "
	}
	return what + e.Reason + "."
}

func invalidDetail(e *rbac.Error) string {
	what := cmp.Or(e.Field, e.Record)
	if what == "" {
		return statusDetail(http.StatusUnprocessableEntity)
	}
	if e.Reason == "" {
		return fmt.Sprintf("This %s cannot be used.", fieldName(what))
	}
	return fmt.Sprintf("This %s cannot be used: %s.", fieldName(what), e.Reason)
}

// fieldName returns the Go name of a field in words: "display name" for
// DisplayName.
func fieldName(field string) string {
	var b strings.Builder
	for i, c := range field {
		if i > 0 && 'A' <= c && c <= 'Z' && field[i-1] >= 'a' {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return strings.ToLower(b.String())
}

func statusDetail(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "You must sign in first."
	case http.StatusForbidden:
		return "You do not have permission to do this."
	case http.StatusNotFound:
		return "Nothing was found at this address."
	case http.StatusConflict:
		return "This cannot be done, because it conflicts with existing data."
	case http.StatusUnprocessableEntity:
		return "The request contains an invalid value."
	case http.StatusTooManyRequests:
		return "There were too many attempts. Please try again later."
	case http.StatusServiceUnavailable:
		return "The service cannot answer at the moment. Please try again shortly."
	}
	return "Something went wrong on our side. Please try again later."
}
