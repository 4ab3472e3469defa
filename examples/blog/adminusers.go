package main

import (
	"net/http"
	"slices"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/users"
)

// usersData is the page of users.
type usersData struct {
	Search string
	Seen   rbac.Revision // of the users; forms send the revision back
	Users  []userView
	More   bool      // there are users that are not shown
	Form   rbac.User // the new user as typed into the form
}

type userView struct {
	rbac.User
	Groups []rbac.Membership
	Other  []rbac.Group // groups without the user
}

const mostUsers = 100 // users on a page

func (b *blog) showUsers(w http.ResponseWriter, r *http.Request, p page, form rbac.User) {
	data := usersData{Search: r.Form.Get("search"), Form: form}
	err := b.authority.View(r.Context(), func(tx *rbac.Tx) (err error) {
		data.Users, data.More, data.Seen = nil, false, tx.Revision()
		for u, err := range tx.Users(rbac.UserQuery{Search: data.Search, Limit: mostUsers + 1}) {
			if err != nil {
				return err
			}
			if data.More = len(data.Users) == mostUsers; data.More {
				break
			}
			view, err := viewUser(tx, u)
			if err != nil {
				return err
			}
			data.Users = append(data.Users, view)
		}
		return nil
	})
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	p.Title, p.Data = "Users", data
	b.show(w, r, "users.html", p)
}

func viewUser(tx *rbac.Tx, u rbac.User) (userView, error) {
	memberships, err := tx.AssignedGroups(u.Name)
	if err != nil {
		return userView{}, err
	}
	groups, err := tx.Groups()
	if err != nil {
		return userView{}, err
	}
	other := slices.DeleteFunc(groups, func(g rbac.Group) bool {
		return slices.ContainsFunc(memberships, func(m rbac.Membership) bool { return m.Group == g.Name && m.Scope == "" })
	})
	return userView{User: u, Groups: memberships, Other: other}, nil
}

// createUser adds a user together with the password, in one Update.
func (b *blog) createUser(w http.ResponseWriter, r *http.Request) {
	user := rbac.User{Name: r.PostForm.Get("name"), DisplayName: r.PostForm.Get("display_name")}
	hash, err := b.authority.HashPassword(r.Context(), r.PostForm.Get("password"))
	if err == nil {
		err = b.authority.UpdateAs(r.Context(), rbac.FromContext(r.Context()), func(tx *rbac.Tx) error {
			_, err := users.Add(tx, user, hash)
			return err
		})
	}
	b.usersDone(w, r, user, err)
}

func (b *blog) usersDone(w http.ResponseWriter, r *http.Request, form rbac.User, err error) {
	b.done(w, r, "/admin", err, func(p page) { b.showUsers(w, r, p, form) })
}
