package main

import (
	"errors"
	"net/http"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/web"
	"github.com/rbac-go/rbac/httpguard"
)

// problem returns the answer to a form with a mistake. For all other errors,
// which the guard answers, ok is false.
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

// denied answers browsers with 403 and 404 in the look of the chat. The guard
// answers everything else, and programs, scripts and streams.
func (c *chat) denied(w http.ResponseWriter, r *http.Request, err error) {
	var denied *rbac.DeniedError
	switch {
	case !web.WantsPage(r):
		c.guard.Deny(w, r, err)
	case errors.As(err, &denied) && !denied.Identity.IsAnonymous():
		c.show(w, r, "denied.html", page{Title: "You may not do this", Status: http.StatusForbidden, Data: denied.WithoutGroups()})
	case errors.Is(err, rbac.ErrNotFound):
		c.show(w, r, "notfound.html", page{Title: "There is nothing here", Status: http.StatusNotFound})
	default:
		c.guard.Deny(w, r, err)
	}
}
