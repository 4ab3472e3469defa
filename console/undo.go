package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// message states on a page what the person has just changed. The parameter done
// has the revision before the change. The message is read from the change log,
// and only changes of the person count, so a forged link can produce neither a
// message nor an undo.
type message struct {
	Changes  []rbac.Change
	More     int      // further changes
	Warnings []string // about names that may be mistyped
	Undo     string   // the value of the field undo; empty: there is nothing to undo
	Rest     string   // the key of the text about what Undo does not bring back; empty: nothing
}

// undoTime is how long an undo is offered.
const undoTime = 10 * time.Minute

const shownChanges = 5

func (v *visit) message() *message {
	since, err := parseRevision(v.query("done"))
	if err != nil || v.query("done") == "" {
		return nil
	}
	var m *message
	err = v.c.auth.View(v.r.Context(), func(tx *rbac.Tx) error {
		if m = nil; tx.Revision() == since {
			m = &message{} // nothing has changed since
			return nil
		}
		changes, err := changesOf(tx, since, v.id.User())
		if err != nil || len(changes) == 0 || tx.Now().Sub(changes[0].At) > undoTime {
			return err
		}
		told := v.told(changes)
		m = &message{Changes: told[:min(len(told), shownChanges)]}
		m.More = len(told) - len(m.Changes)
		if m.Warnings, err = v.newScopes(tx, changes); err != nil {
			return err
		}
		u, ok := inverse(changes)
		if ok && u.stillThere(tx) == nil {
			m.Undo, m.Rest = strconv.FormatInt(int64(since), 10), v.rest(u)
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return m
}

// told returns changes as a message lists them: first what the person has done,
// and then what followed. A delegate does not see what followed, as in
// seenEffect: the sessions, keys and links of a user may be hidden.
func (v *visit) told(changes []rbac.Change) []rbac.Change {
	follows := func(c rbac.Change) bool { return slices.Contains(consequences, c.Action) }
	list := slices.DeleteFunc(slices.Clone(changes), follows)
	switch {
	case len(list) == 0: // the person has ended sessions
		return changes
	case v.access.admin:
		for _, c := range changes {
			if follows(c) {
				list = append(list, c)
			}
		}
	}
	return list
}

// maxUndone bounds the changes of a revision that are read.
const maxUndone = 2 * maxEdits

// changesOf returns the changes of the first revision after another, if an actor
// made them.
func changesOf(tx *rbac.Tx, after rbac.Revision, actor string) (list []rbac.Change, err error) {
	for c, err := range tx.Changes(rbac.ChangeQuery{After: after, Limit: maxUndone}) {
		if err != nil {
			return nil, err
		}
		if c.Revision != after+1 || c.Actor != actor || !c.Verified && !c.ActedFor {
			break
		}
		list = append(list, c)
	}
	return list, nil
}

// undo makes the inverse of the changes after a revision, unless somebody has
// changed the user or the group since.
func (v *visit) undo(text string) error {
	since, err := parseRevision(text)
	if err != nil {
		return err
	}
	edits, err := read(v, func(tx *rbac.Tx, edits *[]edit) error {
		changes, err := changesOf(tx, since, v.id.User())
		if err != nil {
			return err
		}
		u, ok := inverse(changes)
		if !ok || tx.Now().Sub(u.change.At) > undoTime {
			return rbac.ErrNotFound
		}
		if err := u.stillThere(tx); err != nil {
			return err
		}
		*edits = []edit{u.edit}
		// Somebody else may have the name by now.
		return tx.RequireUnchanged(since+1, "user", v.id.User())
	})
	if err == nil {
		err = v.apply(edits, since+1, "")
	}
	if edits != nil && temporary(err) {
		return v.stage(httpguard.Status(err), edits, since+1, err)
	}
	return err
}

// rest returns the key of the text about what an undo does not bring back. A
// delegate does not learn whether a user had sessions, keys or links.
func (v *visit) rest(u undoing) string {
	switch {
	case !v.access.admin && u.change.Action != "AssignUser":
		return "undo leaves unseen"
	case v.access.admin && u.rest:
		return "undo leaves"
	}
	return ""
}

// undoing is the edit that undoes a change.
type undoing struct {
	change rbac.Change
	edit   edit
	rest   bool // sessions, keys or links have ended with the change, and stay ended
}

// goneError is the ErrConflict of an undo whose user or group no longer has its
// name. The edit would apply to another record, or to none.
type goneError struct{ kind, name string }

func (e *goneError) Error() string {
	return fmt.Sprintf("%v: the %s %q is not the one of the change", rbac.ErrConflict, e.kind, e.name)
}

func (e *goneError) Unwrap() error { return rbac.ErrConflict }

// stillThere returns a goneError unless the user and the group of the change
// still have their names.
func (u undoing) stillThere(tx *rbac.Tx) error {
	user, err := tx.User(u.change.Subject)
	if errors.Is(err, rbac.ErrNotFound) || err == nil && user.ID != u.change.SubjectID {
		return &goneError{"user", u.change.Subject}
	}
	if err != nil || u.change.Object == "" {
		return err
	}
	group, err := tx.Group(u.change.Object)
	if errors.Is(err, rbac.ErrNotFound) || err == nil && group.ID != u.change.ObjectID {
		return &goneError{"group", u.change.Object}
	}
	return err
}

// consequences are the changes that follow from disabling a user, or from
// ending a membership. No edit restores a session, a key or a link.
var consequences = []string{"ExpireLink", "RevokeTicket", "Logout", "LogoutUser", "EndTickets", "DropActiveGroup"}

// inverse returns the edit that undoes changes. The changes have to be a single
// change of a user or of a membership, and its consequences. There is no
// inverse unless the edit restores every field.
func inverse(changes []rbac.Change) (u undoing, ok bool) {
	if len(changes) == maxUndone {
		return u, false // there may be more changes
	}
	for _, c := range changes {
		switch {
		case slices.Contains(consequences, c.Action):
			u.rest = true
		case u.change.Action != "":
			return u, false
		default:
			u.change = c
		}
	}
	switch u.change.Action {
	case "AssignUser", "DeassignUser", "ModifyMembership":
		u.edit, ok = inverseOfMembership(u.change)
	case "ModifyUser":
		u.edit, ok = inverseOfUser(u.change)
	}
	return u, ok
}

func inverseOfMembership(c rbac.Change) (edit, bool) {
	key := []string{"user", c.Subject, "group", c.Object, "scope", c.Scope}
	if c.Action == "AssignUser" {
		return makeEdit("deassign", key...), true
	}
	var before rbac.Membership
	if json.Unmarshal(c.Before, &before) != nil {
		return edit{}, false
	}
	do := "assign"
	if c.Action == "ModifyMembership" {
		do = "modify-membership"
	} else if before.Source != "" {
		return edit{}, false // the membership would come back as an administrator's
	}
	until := ""
	if !before.Until.IsZero() {
		until = before.Until.Format(time.RFC3339Nano)
	}
	return makeEdit(do, append(key, "note", before.Note, "until", until)...), true
}

// inverseOfUser compares the user after the inverse with the user before the
// change. For example, a verified address would come back unverified, and forms
// have no field for the subject.
func inverseOfUser(c rbac.Change) (edit, bool) {
	before, after, err := userStates(c)
	if err != nil {
		return edit{}, false
	}
	before.LastLogin, after.LastLogin = time.Time{}, time.Time{}
	back := after
	if back.Disabled = before.Disabled; back == before && before != after {
		do := "enable"
		if before.Disabled {
			do = "disable"
		}
		return makeEdit(do, "user", after.Name), true
	}
	back = after
	back.Name, back.DisplayName, back.Email, back.Note = before.Name, before.DisplayName, before.Email, before.Note
	e := makeEdit("modify-user", "user", after.Name, "name", before.Name, "display_name", before.DisplayName, "email", before.Email)
	if before.Note != after.Note { // otherwise a delegate would see the note
		e.fields.Set("note", before.Note)
	}
	return e, back == before
}

// userStates returns the user before and after a ModifyUser.
func userStates(c rbac.Change) (before, after rbac.User, err error) {
	if err = json.Unmarshal(c.Before, &before); err == nil {
		err = json.Unmarshal(c.After, &after)
	}
	return before, after, err
}
