package effect

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// account is a user as far as rights depend on the user. The zero account does
// not exist.
type account struct {
	name        string
	enabled     bool
	memberships []store.Membership
}

// user is a user who is changed, or whose memberships are changed.
// The name of a deleted user stays.
type user struct{ before, after account }

func byName(a, b *user) int { return strings.Compare(a.after.name, b.after.name) }

// touched returns the users who are changed by changes.
func (c *computation) touched(changes []store.Change) (map[uuid.UUID]*user, error) {
	touched := map[uuid.UUID]*user{}
	var ids []uuid.UUID
	for _, change := range changes {
		id := change.SubjectID
		if actions[change.Action] != nil && touched[id] == nil {
			touched[id], ids = &user{}, append(ids, id)
		}
	}
	many, err := c.areMany(ids)
	if err != nil {
		return nil, err
	}
	read := c.readSome
	if many {
		read = c.readAll
	}
	if err := read(ids, touched); err != nil {
		return nil, err
	}
	for _, u := range touched {
		u.after = u.before
		u.after.memberships = slices.Clone(u.before.memberships)
	}
	for _, change := range changes {
		apply := actions[change.Action]
		if apply == nil {
			continue
		}
		if err := apply(&touched[change.SubjectID].after, change); err != nil {
			return nil, fmt.Errorf("%s of %q: %w", change.Action, change.Subject, err)
		}
	}
	return touched, nil
}

// areMany reports whether a listing of everything is faster than reading some
// users one by one.
func (c *computation) areMany(ids []uuid.UUID) (bool, error) {
	if len(ids) <= pageSize {
		return false, nil
	}
	all, err := c.r.CountUsers(store.UserFilter{})
	return all < 4*len(ids), err
}

// readAll reads all users and memberships, and keeps those of the touched users
// as before the changes. An added user did not exist.
func (c *computation) readAll(_ []uuid.UUID, touched map[uuid.UUID]*user) error {
	for u, err := range c.r.Users(store.UserFilter{}) {
		if err != nil {
			return err
		}
		if t := touched[u.ID]; t != nil {
			t.before.name, t.before.enabled = u.Name, !u.Disabled
		}
	}
	return c.readMemberships(store.MembershipFilter{}, touched)
}

// readSome is readAll by questions about the users alone.
func (c *computation) readSome(ids []uuid.UUID, touched map[uuid.UUID]*user) error {
	for _, id := range ids {
		u, err := c.r.User(store.UserKey{ID: id})
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		touched[id].before.name, touched[id].before.enabled = u.Name, !u.Disabled
	}
	for some := range slices.Chunk(ids, pageSize) {
		if err := c.readMemberships(store.MembershipFilter{Users: some}, touched); err != nil {
			return err
		}
	}
	return nil
}

// readMemberships reads memberships of touched users as before the changes.
func (c *computation) readMemberships(f store.MembershipFilter, touched map[uuid.UUID]*user) error {
	f.NoNames = true
	for m, err := range c.r.Memberships(f) {
		if err != nil {
			return err
		}
		u := touched[m.User]
		if u == nil {
			continue
		}
		if u.before.memberships == nil {
			u.before.memberships = make([]store.Membership, 0, 4) // most users have few
		}
		u.before.memberships = append(u.before.memberships, m.Membership)
	}
	return nil
}

// actions apply a change to an account. Other actions change no rights of a
// single user.
var actions = map[string]func(*account, store.Change) error{
	"AddUser":          (*account).set,
	"ModifyUser":       (*account).set,
	"DeleteUser":       (*account).delete,
	"AssignUser":       (*account).assign,
	"ModifyMembership": (*account).assign,
	"DeassignUser":     (*account).deassign,
}

func (a *account) set(c store.Change) error {
	var after struct {
		Name     string `json:"name"`
		Disabled bool   `json:"disabled"`
	}
	if err := json.Unmarshal(c.After, &after); err != nil {
		return err
	}
	a.name, a.enabled = after.Name, !after.Disabled
	return nil
}

func (a *account) delete(store.Change) error {
	a.enabled, a.memberships = false, nil
	return nil
}

func (a *account) assign(c store.Change) error {
	var after struct {
		Until time.Time `json:"until"`
	}
	if err := json.Unmarshal(c.After, &after); err != nil {
		return err
	}
	a.remove(c)
	a.memberships = append(a.memberships, store.Membership{
		User:  c.SubjectID,
		Group: c.ObjectID,
		Scope: c.Scope,
		Until: after.Until,
	})
	return nil
}

func (a *account) deassign(c store.Change) error {
	a.remove(c)
	return nil
}

// remove removes the membership of a change.
func (a *account) remove(c store.Change) {
	a.memberships = slices.DeleteFunc(a.memberships, func(m store.Membership) bool {
		return m.Group == c.ObjectID && m.Scope == c.Scope
	})
}
