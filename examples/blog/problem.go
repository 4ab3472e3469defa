package main

import (
	"errors"
	"net/http"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/web"
	"github.com/rbac-go/rbac/httpguard"
)

// done answers a form: with a redirect to next, or with the page again and the
// mistake in the form. The guard answers all other errors.
func (b *blog) done(w http.ResponseWriter, r *http.Request, next string, err error, again func(page)) {
	switch status := httpguard.Status(err); status {
	case http.StatusOK:
		http.Redirect(w, r, next, http.StatusSeeOther)
	case http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		again(page{Status: status, Alert: httpguard.Detail(err)})
	default:
		b.guard.Deny(w, r, err)
	}
}

// denied answers browsers with 403 and 404 in the look of the blog. The guard
// answers everything else, and programs.
func (b *blog) denied(w http.ResponseWriter, r *http.Request, err error) {
	var denied *rbac.DeniedError
	switch {
	case !web.WantsPage(r):
		b.guard.Deny(w, r, err)
	case errors.As(err, &denied) && !denied.Identity.IsAnonymous():
		b.show(w, r, "denied.html", page{Title: "You may not do this", Status: http.StatusForbidden, Data: denied.Message})
	case errors.Is(err, rbac.ErrNotFound):
		b.show(w, r, "notfound.html", page{Title: "There is nothing here", Status: http.StatusNotFound})
	default:
		b.guard.Deny(w, r, err)
	}
}
