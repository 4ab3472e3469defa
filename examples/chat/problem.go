package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/rbac-go/rbac"
)

// problem turns an error into a sentence for whoever sent a form. It is false
// for errors that are no answer to what was typed.
func problem(err error) (status int, alert string, ok bool) {
	var e *rbac.Error
	if !errors.As(err, &e) {
		e = &rbac.Error{}
	}
	switch {
	case errors.Is(err, errInside):
		return http.StatusConflict, "They are in this room already.", true
	case errors.Is(err, errOutside):
		return http.StatusConflict, "They are not in this room any more.", true
	case errors.Is(err, rbac.ErrProtected):
		return http.StatusConflict, "That would leave nobody who can enable accounts.", true
	case errors.Is(err, rbac.ErrNotFound) && e.Record != "":
		return http.StatusNotFound, fmt.Sprintf("There is no %s %q.", e.Record, e.Name), true
	case errors.Is(err, rbac.ErrInvalid):
		return http.StatusUnprocessableEntity, "This " + strings.ToLower(cmp.Or(e.Field, e.Record)) + " cannot be used: " + e.Reason + ".", true
	}
	return 0, "", false
}

// denied is the 403 and the 404 in the look of the chat. All else, and all that programs, scripts and
// streams ask for, the guard answers by itself.
func (c *chat) denied(w http.ResponseWriter, r *http.Request, err error) {
	var denied *rbac.DeniedError
	switch {
	case !wantsPage(r):
		c.guard.Deny(w, r, err)
	case errors.As(err, &denied) && !denied.Identity.IsAnonymous():
		c.show(w, r, "denied.html", page{Title: "You may not do this", Status: http.StatusForbidden, Data: denied.WithoutGroups()})
	case errors.Is(err, rbac.ErrNotFound):
		c.show(w, r, "notfound.html", page{Title: "There is nothing here", Status: http.StatusNotFound})
	default:
		c.guard.Deny(w, r, err)
	}
}
