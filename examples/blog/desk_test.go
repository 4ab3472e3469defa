package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// A head gives the rights of the desk to somebody, and takes them. The effect is
// shown first, and changes nothing by itself.
func TestHeadsChooseTheirSubEditors(t *testing.T) {
	s := newSite(t)
	head, editor := s.as("amara", "headpass"), s.as("editor", "editpass")
	s.update(t, func(tx *rbac.Tx) error { return tx.AssignUser(rbac.Membership{User: "editor", Group: "editors"}) })
	head.Done("a post of the desk", head.Post("/posts/new", "title", "A concert", "body", "Loud", "desk", "culture"))
	editor.Want("before", editor.Get("/posts/2/edit"), 403, "in desk:culture", "needs post.edit")

	form := []string{"do", "assign", "user", "editor", "until", "2036-01-31", "seen", seenOn(t, head.Get("/desks/culture"))}
	shown := head.Post("/desks/culture", form...)
	head.Want("the effect", shown, 200, "editor becomes a sub-editor until the end of 2036-01-31", "editor gains post.edit in desk:culture")
	editor.Want("shown, not made", editor.Get("/posts/2/edit"), 403)
	head.Done("confirmed", head.Post("/desks/culture", append(form, "confirm", "yes", "reason", "summer")...))
	head.Want("the list", head.Get("/desks/culture"), 200, "Example editor", "until 1 February 2036")
	editor.Done("the post", editor.Post("/posts/2/edit", "title", "A concert", "body", "Very loud"))
	editor.Want("a post of no desk", editor.Get("/posts/1/edit"), 403)
	s.update(t, func(tx *rbac.Tx) error {
		for c, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: 1}) {
			if err != nil || c.Actor != "amara" || c.Reason != "summer" || !c.Verified {
				t.Errorf("the log has %+v, %v", c, err)
			}
		}
		return nil
	})

	form = []string{"do", "deassign", "user", "editor", "seen", seenOn(t, head.Get("/desks/culture"))}
	head.Want("the effect", head.Post("/desks/culture", form...), 200, "editor is no longer a sub-editor", "editor loses post.edit in desk:culture")
	head.Done("confirmed", head.Post("/desks/culture", append(form, "confirm", "yes")...))
	editor.Want("after", editor.Get("/posts/2/edit"), 403)
}

// A head has no other desk, and no other group, whatever the form says.
func TestHeadsReachTheirDeskOnly(t *testing.T) {
	s := newSite(t)
	head := s.as("amara", "headpass")
	own := seenOn(t, head.Get("/desks/culture"))
	form := []string{"do", "assign", "user", "olena", "seen", own, "confirm", "yes"}
	head.Want("another desk", head.Get("/desks/sport"), 403, "needs desk.staff")
	head.Want("another desk's form", head.Post("/desks/sport", form...), 403)
	head.Want("no desk", head.Get("/desks/nowhere"), 404)
	head.Done("other fields", head.Post("/desks/culture", append(form, "group", "managers", "scope", "")...))
	s.update(t, func(tx *rbac.Tx) error {
		list, err := tx.AssignedGroups("olena")
		if len(list) != 2 || list[1].Group != subeditors || list[1].Scope != "desk:culture" {
			t.Errorf("olena is in %+v", list)
		}
		return err
	})
}

// Who sees the page and who may change something are two questions: UpdateAs
// refuses what no delegation gives, also to those whom the guard lets in.
func TestOnlyDelegatesChooseSubEditors(t *testing.T) {
	s := newSite(t)
	s.update(t, func(tx *rbac.Tx) error {
		_, err := tx.AddGroup(rbac.Group{Name: "interns"})
		return errors.Join(err,
			tx.GrantPermission(rbac.Grant{Group: "interns", Permission: "desk.staff"}),
			tx.AssignUser(rbac.Membership{User: "editor", Group: "interns", Scope: "desk:culture"}))
	})
	editor := s.as("editor", "editpass")
	page := editor.Get("/desks/culture")
	editor.Want("the page", page, 200, "Sofía Hernández")
	if strings.Contains(page.Body, `action="/desks/culture"`) {
		t.Error("the page has forms that will be refused")
	}
	form := []string{"do", "assign", "user", "olena", "seen", seenOn(t, s.as("manager", "managepass").Get("/desks/culture"))}
	editor.Want("the effect", editor.Post("/desks/culture", form...), http.StatusForbidden)
	editor.Want("the change", editor.Post("/desks/culture", append(form, "confirm", "yes")...), http.StatusForbidden)
}

// A form that is older than somebody else's change of the user, or of what the
// group gives, changes nothing.
func TestManagersDoNotUndoEachOther(t *testing.T) {
	s := newSite(t)
	one, other := s.as("manager", "managepass"), s.as("manager", "managepass")
	form := func(seen string) []string {
		return []string{"do", "assign", "user", "editor", "seen", seen, "confirm", "yes"}
	}
	old := seenOn(t, one.Get("/desks/news"))
	other.Done("disable", change(other, "disable", "user", "editor"))
	other.Done("another user", change(other, "assign", "user", "manager", "group", "editors"))
	one.Want("the page is old", one.Post("/desks/news", form(old)...), 409, `The user "editor" has been changed in the meantime by "manager".`)
	one.Done("the page is new", one.Post("/desks/news", form(seenOn(t, one.Get("/desks/news")))...))

	old = seenOn(t, one.Get("/desks/sport"))
	other.Done("another user", change(other, "assign", "user", "olena", "group", subeditors))
	other.Done("grant", change(other, "grant", "group", subeditors, "permission", "manage"))
	one.Want("the group gives more", one.Post("/desks/sport", form(old)...), 409, `The group "subeditors" has been changed in the meantime by "manager".`)
}

// A head of a desk reads no names of people and groups beyond the desk: neither
// who changed a user meanwhile, nor which group keeps a user from a desk.
func TestHeadsReadNoNamesOfOthers(t *testing.T) {
	s := newSite(t)
	head, manager := s.as("amara", "headpass"), s.as("manager", "managepass")
	s.update(t, func(tx *rbac.Tx) error {
		return tx.CreateSSDSet(rbac.SeparationSet{Name: "complaints", Groups: []string{"ombuds", subeditors}, Cardinality: 2})
	})
	form := func(user, seen string) []string {
		return []string{"do", "assign", "user", user, "seen", seen, "confirm", "yes"}
	}
	old := seenOn(t, head.Get("/desks/culture"))
	manager.Done("disable", change(manager, "disable", "user", "olena"))
	for user, status := range map[string]int{"olena": http.StatusConflict, "ruth": http.StatusConflict} {
		for _, fields := range [][]string{form(user, old), form(user, old)[:6]} {
			resp := head.Post("/desks/culture", fields...)
			head.Want(user, resp, status)
			for _, name := range []string{"manager", "ombuds", "complaints"} {
				if strings.Contains(resp.Body, name) {
					t.Errorf("%s: a head reads %q:\n%s", user, name, resp.Body)
				}
			}
		}
	}
	manager.Want("a manager", manager.Post("/desks/culture", form("ruth", old)...), http.StatusConflict, "ombuds")
}

// The console explains the routes of the blog.
func TestConsoleKnowsTheRoutes(t *testing.T) {
	s := newSite(t)
	manager := s.as("manager", "managepass")
	manager.Want("why", manager.Get("/admin/why?user=editor&route=GET+/posts/new"), 200, "GET /posts/new", `has_permission("post.write")`)
	manager.Want("view as", manager.Get("/admin/view-as?user=editor"), 200, "POST /me/password")
}
