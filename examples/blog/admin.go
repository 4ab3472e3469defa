package main

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/users"
)

// admin returns the pages below /admin. The pages check nothing more: the rule
// of the subtree has been met.
func (b *blog) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /admin", func(w http.ResponseWriter, r *http.Request) { b.showUsers(w, r, page{}, rbac.User{}) })
	mux.HandleFunc("GET /admin/groups", func(w http.ResponseWriter, r *http.Request) { b.showGroups(w, r, page{}) })
	mux.HandleFunc("GET /admin/log", b.showLog)
	mux.HandleFunc("POST /admin/users", b.createUser)
	mux.HandleFunc("POST /admin/assign", b.changeUsers(assign))
	mux.HandleFunc("POST /admin/deassign", b.changeUsers(deassign))
	mux.HandleFunc("POST /admin/disable", b.changeUsers(disable))
	mux.HandleFunc("POST /admin/enable", b.changeUsers(enable))
	mux.HandleFunc("POST /admin/grant", b.changeGroups(grant))
	mux.HandleFunc("POST /admin/revoke", b.changeGroups(revoke))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { b.guard.Deny(w, r, rbac.ErrNotFound) })
	return mux
}

// change is a change that an administrator makes with a form. The change takes
// effect at everybody's next click.
type change func(tx *rbac.Tx, form url.Values) error

func assign(tx *rbac.Tx, form url.Values) error {
	return tx.AssignUser(rbac.Membership{User: form.Get("user"), Group: form.Get("group")})
}

func deassign(tx *rbac.Tx, form url.Values) error {
	return tx.DeassignUser(rbac.Membership{User: form.Get("user"), Group: form.Get("group")})
}

func grant(tx *rbac.Tx, form url.Values) error {
	return tx.GrantPermission(rbac.Grant{Group: form.Get("group"), Permission: form.Get("permission")})
}

func revoke(tx *rbac.Tx, form url.Values) error {
	return tx.RevokePermission(rbac.Grant{Group: form.Get("group"), Permission: form.Get("permission")})
}

func disable(tx *rbac.Tx, form url.Values) error {
	return users.SetDisabled(tx, form.Get("user"), true)
}

func enable(tx *rbac.Tx, form url.Values) error {
	return users.SetDisabled(tx, form.Get("user"), false)
}

// change makes a change as the person who is logged in, in a transaction of its
// own. The transaction checks whether the person may make the change.
func (b *blog) change(r *http.Request, c change) error {
	id := rbac.FromContext(r.Context())
	return b.authority.UpdateAs(r.Context(), id, func(tx *rbac.Tx) error { return c(tx, r.PostForm) })
}

// unchanged refuses a change of a user whom somebody else has changed since the
// page was made. Programs that have seen no page send no revision.
func unchanged(c change) change {
	return func(tx *rbac.Tx, form url.Values) error {
		if seen := form.Get("seen"); seen != "" {
			since, err := strconv.ParseInt(seen, 10, 64)
			if err != nil {
				return rbac.ErrInvalid
			}
			if err := tx.RequireUnchanged(rbac.Revision(since), "user", form.Get("user")); err != nil {
				return err
			}
		}
		return c(tx, form)
	}
}

func (b *blog) changeUsers(c change) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b.usersDone(w, r, rbac.User{}, b.change(r, unchanged(c)))
	}
}

func (b *blog) changeGroups(c change) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { b.groupsDone(w, r, b.change(r, c)) }
}
