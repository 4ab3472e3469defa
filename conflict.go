package rbac

import (
	"errors"
	"fmt"
	"time"

	"github.com/rbac-go/rbac/internal/conflict"
	"github.com/rbac-go/rbac/store"
)

// ConflictError is the ErrConflict of [Tx.RequireUnchanged].
type ConflictError struct {
	Record, Name string // as in the call
	// Change is the latest change of the record: who changed the record, when,
	// and what. The zero Change means that the log cannot tell: the changes
	// were deleted from the log, more than 10,000 changes followed, or the
	// revision is not of this store.
	Change Change
}

// Error reads like: rbac: changed meanwhile: user "bob" was changed by "amy" at
// 2026-01-02T15:04:05Z: ModifyUser.
func (e *ConflictError) Error() string {
	if e.Change.Action == "" {
		return fmt.Sprintf("%v: nobody knows whether %s %q was changed: the search of the change log does not reach back",
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
// A revision later than the latest, or older than the change log, is a
// conflict, too. So is a revision with more than 10,000 later changes, unless
// the record is among the latest 10,000: no more are read, because other
// Updates wait meanwhile. ErrNotFound if the record exists neither now nor in
// the log since then, and ErrInvalid for an unknown kind of record.
func (tx *Tx) RequireUnchanged(since Revision, record, name string) error {
	if !conflict.Known(record) {
		return invalid(record, name, "", "there is no such kind of record")
	}
	sought, missing := tx.sought(record, name)
	if missing != nil && !errors.Is(missing, ErrNotFound) {
		return missing
	}
	latest, known, err := sought.Since(tx.r, since, tx.changes.From.Revision)
	if err != nil {
		return err
	}
	if !known || latest.Action != "" {
		return &ConflictError{record, name, Change(latest)}
	}
	return missing
}

// sought returns the record with a name. The error is ErrNotFound for a record
// that does not exist now; the changes of such a record are found by the name.
func (tx *Tx) sought(record, name string) (r conflict.Record, err error) {
	r = conflict.Record{Kind: record, Name: name}
	switch record {
	case "user":
		var u store.UserRecord
		if r.Name, err = canonicalUser(name); err == nil {
			u, err = tx.user(name)
		}
		r.ID = u.ID
	case "group", "delegation":
		var g Group
		if g, err = tx.group(name); err == nil && record == "delegation" {
			_, err = tx.delegationOf(g.ID)
		}
		r.ID = g.ID
	case "permission":
		_, err = tx.permission(name)
	case "section":
		_, err = tx.section(name)
	default:
		_, err = tx.separations(record == "DSD set").find(name)
	}
	return r, err
}
