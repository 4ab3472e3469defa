package console

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// linkData is the data of the page that shows a link, once.
type linkData struct {
	User, Purpose, URL string
	Back               string
}

// link issues an invitation or a link to reset the password, and shows the
// address: the console sends no mail.
func (c *console) link(v *visit) error {
	purpose := v.form("purpose")
	if !slices.Contains([]string{rbac.LinkInvite, rbac.LinkReset}, purpose) {
		return fmt.Errorf("%w: there is no such link", rbac.ErrInvalid)
	}
	var t rbac.Token
	err := c.auth.UpdateAs(v.reason(), v.id, func(tx *rbac.Tx) (err error) {
		t, err = tx.IssueLink(rbac.Link{User: v.form("user"), Purpose: purpose})
		return err
	})
	if err != nil {
		return err
	}
	return v.showLink(v.form("user"), purpose, t)
}

func (v *visit) showLink(user, purpose string, t rbac.Token) error {
	return v.show(http.StatusOK, "link", frame{Title: v.T("link." + purpose), Data: linkData{
		User: user, Purpose: purpose, URL: v.c.guard.PasswordURL(t), Back: address("user", "name", user),
	}})
}

// newUserData is the data of the form for a new user.
type newUserData struct {
	User   rbac.User
	Group  string
	Scope  string
	Scopes []string
	Assign []rbac.Group
	Fault  string
}

func (c *console) newUser(v *visit) error {
	return v.showNewUser(http.StatusOK, newUserData{Scope: v.r.URL.Query().Get("scope")})
}

func (v *visit) showNewUser(status int, d newUserData) error {
	var err error
	d.Assign, err = read(v, func(tx *rbac.Tx, groups *[]rbac.Group) error {
		err := v.readScope(tx, d.Scope)
		if err == nil {
			*groups, err = v.visibleGroups(tx)
		}
		return err
	})
	if err != nil {
		return err
	}
	if d.Scopes = v.access.scopes; !v.access.admin {
		d.Scope = v.scope
	}
	return v.show(status, "new-user", frame{Title: v.T("new user"), Parents: []crumb{{v.T("users"), "users"}}, Data: d})
}

// addUser adds a user, with a membership if a group is chosen, and shows an
// invitation. The user chooses the password: no administrator knows it.
func (c *console) addUser(v *visit) error {
	d := newUserData{
		User:  rbac.User{Name: v.form("name"), DisplayName: v.form("display_name"), Email: v.form("email"), Note: v.form("note")},
		Group: v.form("group"), Scope: v.r.PostForm.Get("scope"),
	}
	var t rbac.Token
	var u rbac.User
	err := c.auth.UpdateAs(v.reason(), v.id, func(tx *rbac.Tx) (err error) {
		if u, err = tx.AddUser(d.User); err != nil {
			return err
		}
		if d.Group != "" {
			if err := tx.AssignUser(rbac.Membership{User: u.Name, Group: d.Group, Scope: d.Scope}); err != nil {
				return err
			}
		}
		t, err = tx.IssueLink(rbac.Link{User: u.Name, Purpose: rbac.LinkInvite})
		return err
	})
	if err != nil {
		if status := httpguard.Status(err); status < http.StatusInternalServerError {
			d.Fault = v.sayError(err)
			return v.showNewUser(status, d)
		}
		return err
	}
	return v.showLink(u.Name, rbac.LinkInvite, t)
}
