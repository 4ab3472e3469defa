package main

import (
	"net/http"
	"slices"

	"github.com/rbac-go/rbac"
)

// groupView is a group on the page of groups.
type groupView struct {
	rbac.Group
	Permissions []rbac.Permission
	Other       []rbac.Permission // permissions that the group lacks
}

func (b *blog) showGroups(w http.ResponseWriter, r *http.Request, p page) {
	var views []groupView
	err := b.authority.View(r.Context(), func(tx *rbac.Tx) error {
		groups, err := tx.Groups()
		if err != nil {
			return err
		}
		views = make([]groupView, len(groups))
		for i, g := range groups {
			if views[i], err = viewGroup(tx, g); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	p.Title, p.Data = "Groups", views
	b.show(w, r, "groups.html", p)
}

func viewGroup(tx *rbac.Tx, g rbac.Group) (groupView, error) {
	has, err := tx.GroupPermissions(g.Name)
	if err != nil {
		return groupView{}, err
	}
	all, err := tx.Permissions()
	if err != nil {
		return groupView{}, err
	}
	other := slices.DeleteFunc(all, func(p rbac.Permission) bool { return slices.Contains(has, p) })
	return groupView{Group: g, Permissions: has, Other: other}, nil
}

func (b *blog) groupsDone(w http.ResponseWriter, r *http.Request, err error) {
	b.done(w, r, "/admin/groups", err, func(p page) { b.showGroups(w, r, p) })
}
