package rbac

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// ConflictError is the ErrConflict of [Tx.RequireUnchanged].
type ConflictError struct {
	Record, Name string // as in the call
	// Change is the latest change of the record: who changed the record, when,
	// and what. The zero Change means that the log cannot tell: the changes
	// were deleted from the log, or the revision is not of this store.
	Change Change
}

// Error reads like: user "bob" was changed by "amy" at 2026-01-02T15:04:05Z:
// ModifyUser.
func (e *ConflictError) Error() string {
	if e.Change.Action == "" {
		return fmt.Sprintf("%v: nobody knows whether %s %q was changed: the change log does not reach back",
			ErrConflict, e.Record, shown(e.Name))
	}
	who := "by the program"
	if e.Change.Actor != "" {
		who = fmt.Sprintf("by %q", shown(e.Change.Actor))
	}
	return fmt.Sprintf("%v: %s %q was changed %s at %s: %s",
		ErrConflict, e.Record, shown(e.Name), who, e.Change.At.Format(time.RFC3339), e.Change.Action)
}

// Unwrap returns ErrConflict.
func (e *ConflictError) Unwrap() error { return ErrConflict }

// changesOf lists the actions that change a record, by the Record of errors. A
// login, the end of a ticket and a choice of active groups change no user.
var changesOf = map[string][]string{
	"user": {
		"AddUser", "ModifyUser", "DeleteUser", "SetPasswordHash",
		"AssignUser", "ModifyMembership", "DeassignUser",
	},
	"group": {
		"AddGroup", "ModifyGroup", "DeleteGroup",
		"GrantPermission", "ModifyGrant", "RevokePermission",
		"AddInheritance", "DeleteInheritance",
		"AddSSDSetMember", "DeleteSSDSetMember", "AddDSDSetMember", "DeleteDSDSetMember",
		"AddDelegation", "ModifyDelegation", "DeleteDelegation",
	},
	"delegation": {"AddDelegation", "ModifyDelegation", "DeleteDelegation"},
	"permission": {
		"AddPermission", "ModifyPermission", "DeletePermission",
		"GrantPermission", "ModifyGrant", "RevokePermission",
	},
	"section": {"AddSection", "ModifySection", "DeleteSection"},
	"SSD set": {
		"CreateSSDSet", "AddSSDSetMember", "DeleteSSDSetMember", "SetSSDSetCardinality", "DeleteSSDSet",
	},
	"DSD set": {
		"CreateDSDSet", "AddDSDSetMember", "DeleteDSDSetMember", "SetDSDSetCardinality", "DeleteDSDSet",
	},
}

// RequireUnchanged returns a [*ConflictError] if a record was changed after a
// revision, by whomever. An administrator's form keeps [Tx.Revision] from the
// View that filled the form; the Update that saves the form begins with
// RequireUnchanged. Without RequireUnchanged the Update would undo what another
// administrator has done meanwhile.
//
// The argument record is "user", "group", "permission", "section",
// "delegation", "SSD set" or "DSD set". The name of a delegation is the name of
// its group. The memberships and the password of a user belong to the user. The
// grants, inheritances, separation sets and the delegation of a group belong to
// the group, but not its members. The grants of a permission belong to the permission, but not
// the grants of patterns. Logins and ended tickets change no user. Earlier
// changes of the running Update count.
//
// A revision above the head, or older than the change log, is a conflict, too.
// ErrNotFound if the record exists neither now nor in the log since then, and
// ErrInvalid for an unknown kind of record. RequireUnchanged reads the changes
// since the revision: the cost grows with their number.
func (tx *Tx) RequireUnchanged(since Revision, record, name string) error {
	if changesOf[record] == nil {
		return invalid(record, name, "", "there is no such kind of record")
	}
	sought, missing := tx.changing(record, name)
	if missing != nil && !errors.Is(missing, ErrNotFound) {
		return missing
	}
	head := tx.changes.From.Revision
	oldest := head + 1
	for c, err := range tx.r.Changes(store.ChangeFilter{After: since, Newest: true}) {
		if err != nil {
			return err
		}
		if sought.changedBy(Change(c), missing != nil) {
			return &ConflictError{record, name, Change(c)}
		}
		oldest = min(oldest, c.Revision)
	}
	if since > head || since < head && oldest != since+1 {
		return &ConflictError{Record: record, Name: name}
	}
	return missing
}

// changing is a record whose changes are sought.
type changing struct {
	record, name string
	id           uuid.UUID // zero: the record is known by its name alone
}

// changing returns the record with a name. The error is ErrNotFound for a
// record that does not exist now; the changes of such a record are found by the
// name.
func (tx *Tx) changing(record, name string) (c changing, err error) {
	c = changing{record: record, name: name}
	switch record {
	case "user":
		var u store.UserRecord
		if c.name, err = canonicalUser(name); err == nil {
			u, err = tx.user(name)
		}
		c.id = u.ID
	case "group", "delegation":
		var g Group
		if g, err = tx.group(name); err == nil && record == "delegation" {
			_, err = tx.delegationOf(g.ID)
		}
		c.id = g.ID
	case "permission":
		_, err = tx.permission(name)
	case "section":
		_, err = tx.section(name)
	default:
		_, err = tx.separations(record == "DSD set").find(name)
	}
	return c, err
}

// changedBy reports whether a change changes the record. The record of a user
// or group that is gone is one that had the name before the change.
func (s changing) changedBy(c Change, gone bool) bool {
	if !slices.Contains(changesOf[s.record], c.Action) {
		return false
	}
	switch s.record {
	case "user", "group":
		if gone {
			return nameOf(c.Before) == s.name || nameOf(c.After) == s.name
		}
		return c.SubjectID == s.id || c.ObjectID == s.id
	case "delegation":
		if s.id != uuid.Nil {
			return c.SubjectID == s.id
		}
	case "permission":
		if c.Object != "" { // a grant
			return c.Object == s.name
		}
	}
	return c.Subject == s.name
}

// nameOf returns the name of a user or group in the change log.
func nameOf(record json.RawMessage) string {
	var named struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(record, &named) != nil {
		return ""
	}
	return named.Name
}
