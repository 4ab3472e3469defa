package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// linkData is the data of the page that shows a link, once.
type linkData struct {
	User, Purpose, URL string
	Back               string
}

// link issues an invitation or a link to reset the password. The page shows the
// address, since the console sends no mail.
func (c *console) link(v *visit) error {
	purpose := v.form("purpose")
	if !slices.Contains([]string{rbac.LinkInvite, rbac.LinkReset}, purpose) {
		return fmt.Errorf("%w: there is no such link", rbac.ErrInvalid)
	}
	since, err := parseRevision(v.form("since"))
	if err != nil {
		return err
	}
	var t rbac.Token
	err = c.auth.UpdateAs(v.reason(), v.id, func(tx *rbac.Tx) (err error) {
		if err := v.access.seesUser(tx, v.form("user")); err != nil {
			return err
		}
		if t, err = tx.IssueLink(rbac.Link{User: v.form("user"), Purpose: purpose}); err != nil || since == 0 {
			return err
		}
		return tx.RequireUnchanged(since, "user", v.form("user")) // another user may have the name by now
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
	Reason string
	Since  rbac.Revision
	Fault  string
}

func (c *console) newUser(v *visit) error {
	return v.showNewUser(http.StatusOK, newUserData{Scope: v.r.URL.Query().Get("scope")})
}

func (v *visit) showNewUser(status int, d newUserData) error {
	type offer struct {
		groups []rbac.Group
		since  rbac.Revision
	}
	o, err := read(v, func(tx *rbac.Tx, o *offer) error {
		o.since = tx.Revision()
		err := v.readScope(tx, d.Scope)
		if err == nil {
			o.groups, err = v.visibleGroups(tx)
		}
		return err
	})
	if err != nil {
		return err
	}
	d.Assign, d.Since = o.groups, o.since
	if d.Scopes = v.access.scopes; !v.access.admin {
		d.Scope = v.scope
	}
	return v.show(status, "new-user", frame{Title: v.T("new user"), Parents: []crumb{{v.T("users"), "users"}}, Data: d})
}

// addUser adds a user, with a membership if a group is chosen. The user chooses
// the password with the invitation that the page shows, unless an administrator
// has typed one.
func (c *console) addUser(v *visit) error {
	d := newUserData{
		User:  rbac.User{Name: v.form("name"), DisplayName: v.form("display_name"), Email: v.form("email"), Note: v.form("note")},
		Group: v.form("group"), Scope: v.r.PostForm.Get("scope"), Reason: v.form("reason"),
	}
	var err error
	if d.Since, err = parseRevision(v.form("since")); err != nil {
		return err
	}
	added, err := v.add(d, v.r.PostForm.Get("password"))
	switch {
	case err != nil && (httpguard.Status(err) < http.StatusInternalServerError || errors.Is(err, rbac.ErrBusy)):
		d.Fault = v.sayError(err)
		return v.showNewUser(httpguard.Status(err), d)
	case err != nil:
		return err
	case added.invitation.IsZero():
		v.redirect(withParam(address("user", "name", added.name), "done", strconv.FormatInt(int64(added.before), 10)))
		return nil
	}
	return v.showLink(added.name, rbac.LinkInvite, added.invitation)
}

// addedUser is the result of addUser.
type addedUser struct {
	name       string
	before     rbac.Revision
	invitation rbac.Token // zero: the user has a password
}

func (v *visit) add(d newUserData, password string) (added addedUser, err error) {
	var hash string
	if password != "" {
		if !v.access.admin {
			return added, errAdmins
		}
		if hash, err = v.c.auth.HashPasswordFor(v.r.Context(), d.User, password); err != nil {
			return added, err
		}
	}
	err = v.c.auth.UpdateAs(v.reason(), v.id, func(tx *rbac.Tx) error {
		added = addedUser{before: tx.Revision()}
		if err := v.assignableGroups(tx).require(d.Group, d.Scope); err != nil {
			return err
		}
		u, err := tx.AddUser(d.User)
		if err != nil {
			return err
		}
		added.name = u.Name
		if d.Group != "" && d.Since > 0 {
			if err := tx.RequireUnchanged(d.Since, "group", d.Group); err != nil {
				return err
			}
		}
		if d.Group != "" {
			if err := tx.AssignUser(rbac.Membership{User: u.Name, Group: d.Group, Scope: d.Scope}); err != nil {
				return err
			}
		}
		if hash != "" {
			return tx.SetPasswordHash(u.Name, hash)
		}
		added.invitation, err = tx.IssueLink(rbac.Link{User: u.Name, Purpose: rbac.LinkInvite})
		return err
	})
	return added, err
}
