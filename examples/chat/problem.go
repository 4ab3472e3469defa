package main

import (
	"errors"
	"net/http"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// problem returns the answer for a form that was filled in wrongly. It is false
// for all other errors, which are the guard's to answer.
func problem(err error) (status int, alert string, ok bool) {
	switch status = httpguard.Status(err); {
	case errors.Is(err, errInside):
		return http.StatusConflict, "They are in this room already.", true
	case errors.Is(err, errOutside):
		return http.StatusConflict, "They are not in this room any more.", true
	case errors.Is(err, rbac.ErrNotFound):
		return status, httpguard.Detail(err), errors.As(err, new(*rbac.Error)) // not of a room
	}
	return status, httpguard.Detail(err), status == http.StatusConflict || status == http.StatusUnprocessableEntity
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
