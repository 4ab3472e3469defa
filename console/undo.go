package console

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/rbac-go/rbac"
)

// message says on a page what the person has just changed. The parameter done
// has the revision before: what happened is read from the change log, and only
// changes of the person count, so that nobody can make up a message, nor an
// undo, by a link.
type message struct {
	Changes []rbac.Change
	More    int    // further changes
	Undo    string // the value of the field undo; empty: there is nothing to undo
}

// undoTime is how long a change is offered to be undone.
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
		m = &message{Changes: changes[:min(len(changes), shownChanges)]}
		m.More = len(changes) - len(m.Changes)
		if _, ok := inverse(changes); ok {
			m.Undo = strconv.FormatInt(int64(since), 10)
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return m
}

// changesOf returns the changes of the first revision after another, if an actor
// made them.
func changesOf(tx *rbac.Tx, after rbac.Revision, actor string) (list []rbac.Change, err error) {
	for c, err := range tx.Changes(rbac.ChangeQuery{After: after, Limit: 2 * maxEdits}) {
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
// changed the user since.
func (v *visit) undo(text string) error {
	since, err := parseRevision(text)
	if err != nil {
		return err
	}
	var edits []edit
	err = v.c.auth.View(v.r.Context(), func(tx *rbac.Tx) error {
		changes, err := changesOf(tx, since, v.id.User())
		if err != nil {
			return err
		}
		e, ok := inverse(changes)
		if !ok || tx.Now().Sub(changes[0].At) > undoTime {
			return rbac.ErrNotFound
		}
		edits = []edit{e}
		// Somebody else may have the name by now.
		return tx.RequireUnchanged(since+1, "user", v.id.User())
	})
	if err != nil {
		return err
	}
	return v.apply(edits, since+1, "")
}

// consequences are the changes that disabling a user brings along. Ended sessions
// and links stay ended when the account is enabled again.
var consequences = []string{"ExpireLink", "RevokeTicket", "Logout", "LogoutUser", "EndTickets"}

// inverse returns the edit that undoes changes, which have to be a single change
// of a user or of a membership, and what follows from it.
func inverse(changes []rbac.Change) (edit, bool) {
	changes = slices.DeleteFunc(slices.Clone(changes), func(c rbac.Change) bool { return slices.Contains(consequences, c.Action) })
	if len(changes) != 1 {
		return edit{}, false
	}
	c := changes[0]
	var before, after rbac.Membership
	switch c.Action {
	case "AssignUser":
		return makeEdit("deassign", "user", c.Subject, "group", c.Object, "scope", c.Scope), true
	case "DeassignUser", "ModifyMembership":
		if json.Unmarshal(c.Before, &before) != nil || c.After != nil && json.Unmarshal(c.After, &after) != nil {
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
		return makeEdit(do, "user", c.Subject, "group", c.Object, "scope", c.Scope, "note", before.Note, "until", until), true
	case "ModifyUser":
		before, after, err := userStates(c)
		if err != nil {
			return edit{}, false
		}
		if before.Disabled != after.Disabled {
			do := "enable"
			if before.Disabled {
				do = "disable"
			}
			return makeEdit(do, "user", after.Name), true
		}
		if before.Email != after.Email && !before.EmailVerified.IsZero() {
			return edit{}, false // the address would come back unverified
		}
		return makeEdit("modify-user", "user", after.Name, "name", before.Name, "display_name", before.DisplayName,
			"email", before.Email, "note", before.Note), true
	}
	return edit{}, false
}

// userStates returns the user before and after a ModifyUser.
func userStates(c rbac.Change) (before, after rbac.User, err error) {
	if err = json.Unmarshal(c.Before, &before); err == nil {
		err = json.Unmarshal(c.After, &after)
	}
	return before, after, err
}
