package main

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/users"
)

// change is a change that a moderator makes with a form. Every open stream of
// the user concerned obeys at once.
type change func(tx *rbac.Tx, m room, form url.Values) error

var (
	errInside  = errors.New("they are in the room already")
	errOutside = errors.New("they are not in the room")
)

// moderate makes a change as the person who is logged in, in a transaction of
// its own. The transaction checks whether the person may make the change.
func (c *chat) moderate(f change) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m, err := roomOf(r)
		if err == nil {
			err = c.authority.UpdateAs(r.Context(), rbac.FromContext(r.Context()), func(tx *rbac.Tx) error { return f(tx, m, r.PostForm) })
		}
		status, alert, ok := problem(err)
		switch {
		case err == nil:
			http.Redirect(w, r, m.Path(), http.StatusSeeOther)
		case ok:
			c.refuse(w, r, status, alert, "")
		default:
			c.guard.Deny(w, r, err)
		}
	}
}

func mute(tx *rbac.Tx, m room, form url.Values) error {
	return move(tx, m, form.Get("user"), "listeners")
}

func unmute(tx *rbac.Tx, m room, form url.Values) error {
	return move(tx, m, form.Get("user"), "speakers")
}

func remove(tx *rbac.Tx, m room, form url.Values) error { return move(tx, m, form.Get("user"), "") }

// move moves a user of the room to another group, or removes the user. A guest
// keeps the end of the stay.
func move(tx *rbac.Tx, m room, user, group string) error {
	until, err := takeOut(tx, m, user)
	if err != nil || group == "" {
		return err
	}
	return tx.AssignUser(rbac.Membership{User: user, Group: group, Scope: m.scope(), Until: until})
}

// takeOut ends all memberships of a user in the room, and returns their end.
func takeOut(tx *rbac.Tx, m room, user string) (until time.Time, err error) {
	all, err := tx.AssignedGroups(user)
	if err != nil {
		return until, err
	}
	err = errOutside
	for _, has := range all {
		if has.Scope != m.scope() {
			continue
		}
		if err = tx.DeassignUser(has); err != nil {
			return until, err
		}
		until = has.Until
	}
	return until, err
}

// guestTime is the time that a guest may stay.
const guestTime = time.Hour

// admit lets a user in, a guest for guestTime. The stream of a guest ends with
// the membership.
func (c *chat) admit(tx *rbac.Tx, m room, form url.Values) error {
	now, user := c.now(), form.Get("user")
	if err := forgetEnded(tx, m, user, now); err != nil {
		return err
	}
	in := rbac.Membership{User: user, Group: "speakers", Scope: m.scope()}
	if form.Get("guest") != "" {
		in.Until = now.Add(guestTime)
	}
	return tx.AssignUser(in)
}

// forgetEnded removes memberships of the user that have ended. A user who is in
// the room is errInside: the user may be muted, and admitting must not lift
// that.
func forgetEnded(tx *rbac.Tx, m room, user string, now time.Time) error {
	all, err := tx.AssignedGroups(user)
	if err != nil {
		return err
	}
	for _, has := range all {
		switch {
		case has.Scope != m.scope():
		case !ended(has, now):
			return errInside
		default:
			if err := tx.DeassignUser(has); err != nil {
				return err
			}
		}
	}
	return nil
}

func ended(m rbac.Membership, now time.Time) bool { return !m.Until.IsZero() && !now.Before(m.Until) }

// disable ends the user's tickets, too, and with the tickets every stream.
func disable(tx *rbac.Tx, _ room, form url.Values) error {
	return users.SetDisabled(tx, form.Get("user"), true)
}

func enable(tx *rbac.Tx, _ room, form url.Values) error {
	return users.SetDisabled(tx, form.Get("user"), false)
}
