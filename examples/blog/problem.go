package main

import (
	"errors"
	"net/http"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// done answers a form: it leads on, or shows the page anew with what was wrong
// with what was typed. All other errors are the guard's to answer.
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
