package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/rbac-go/rbac"
)

// problem turns an error into a page that says what to do about it. It is false
// for errors that are no answer to what was typed.
func problem(err error) (status int, alert string, ok bool) {
	var e *rbac.Error
	if !errors.As(err, &e) {
		e = &rbac.Error{}
	}
	switch {
	case errors.Is(err, rbac.ErrProtected):
		return http.StatusConflict, "That would leave nobody with the permission " + e.Name + ". Give it to somebody else first.", true
	case errors.Is(err, rbac.ErrExists):
		return http.StatusConflict, fmt.Sprintf("There is a %s %q already.", e.Record, e.Name), true
	case errors.Is(err, rbac.ErrNotFound):
		return http.StatusNotFound, fmt.Sprintf("There is no %s %q any more.", e.Record, e.Name), true
	case errors.Is(err, rbac.ErrInvalid):
		return http.StatusUnprocessableEntity, "This " + strings.ToLower(cmp.Or(e.Field, e.Record)) + " cannot be used: " + e.Reason + ".", true
	case errors.Is(err, rbac.ErrBadCredentials):
		return http.StatusUnprocessableEntity, "The old password is not right.", true
	case errors.Is(err, rbac.ErrThrottled):
		return http.StatusTooManyRequests, "There were too many wrong passwords. Please try again later.", true
	}
	return 0, "", false
}

// denied is the 403 and the 404 in the look of the blog. All else, and all that programs
// ask for, the guard answers by itself.
func (b *blog) denied(w http.ResponseWriter, r *http.Request, err error) {
	var denied *rbac.DeniedError
	switch {
	case !strings.Contains(r.Header.Get("Accept"), "text/html"):
		b.guard.Deny(w, r, err)
	case errors.As(err, &denied) && !denied.Identity.IsAnonymous():
		b.show(w, r, "denied.html", page{Title: "You may not do this", Status: http.StatusForbidden, Data: denied.Message})
	case errors.Is(err, rbac.ErrNotFound):
		b.show(w, r, "notfound.html", page{Title: "There is nothing here", Status: http.StatusNotFound})
	default:
		b.guard.Deny(w, r, err)
	}
}
