package main

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/rbac-go/rbac"
)

// change is what a form of a moderator asks for. Every open stream of whom it concerns obeys at once.
type change func(tx *rbac.Tx, m room, form url.Values) error

var (
	errInside  = errors.New("they are in the room already")
	errOutside = errors.New("they are not in the room")
)

// moderate makes a change in a transaction of its own. The request's context tells the change log who made it.
func (c *chat) moderate(f change) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m, err := roomOf(r)
		if err == nil {
			err = c.authority.Update(r.Context(), func(tx *rbac.Tx) error { return f(tx, m, r.PostForm) })
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

// move takes somebody in the room to another group, or out of it. Who was let in for
// some time stays no longer for being muted.
func move(tx *rbac.Tx, m room, user, group string) error {
	until, err := takeOut(tx, m, user)
	if err != nil || group == "" {
		return err
	}
	return tx.AssignUser(rbac.Membership{User: user, Group: group, Scope: m.scope(), Until: until})
}

// takeOut ends all that somebody has in the room, and returns when it would have ended by itself.
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

// guestTime is how long a guest may stay.
const guestTime = time.Hour

// admit lets somebody in, for a time if they are a guest: their stream ends when that does.
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

// forgetEnded takes a guest's time that is over out of the way. Who is in the room is
// errInside, since they may be muted, which letting them in must not lift.
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

// disable ends the user's tickets, too, and with them every stream.
func disable(tx *rbac.Tx, _ room, form url.Values) error { return setDisabled(tx, form, true) }

func enable(tx *rbac.Tx, _ room, form url.Values) error { return setDisabled(tx, form, false) }

func setDisabled(tx *rbac.Tx, form url.Values, disabled bool) error {
	u, err := tx.User(form.Get("user"))
	if err != nil {
		return err
	}
	u.Disabled = disabled
	return tx.ModifyUser(u)
}
