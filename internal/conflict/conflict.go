// Package conflict searches the change log for the latest change of a record,
// for RequireUnchanged of package rbac.
package conflict

import (
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// MaxSearched is the number of changes that a search reads at most. Updates of
// other processes wait meanwhile.
const MaxSearched = 10_000

// actions lists the actions that change a record, by the kind of the record. A
// login, the end of a ticket and a choice of active groups change no user.
var actions = map[string][]string{
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

// Record is a record whose changes are sought.
type Record struct {
	Kind string    // such as "user" or "SSD set"; see Known
	Name string    // the present name, or the last name of a record that is gone
	ID   uuid.UUID // of a user or group, and of the group of a delegation; zero for a record that is gone
}

// Known reports whether there is a kind of record.
func Known(kind string) bool { return actions[kind] != nil }

// Since returns the latest change of the record after a revision, and the zero
// Change if the record was not changed. The argument head is the present
// revision; changes of the running transaction are later than head.
//
// Known is false if the log cannot tell whether the record was changed: the
// revision is above the head, the log does not reach back to the revision, or
// the record is not among the latest MaxSearched changes and there are more.
func (r Record) Since(log store.ChangeRecords, since, head store.Revision) (latest store.Change, known bool, err error) {
	var oldest store.Change // of the changes that were read
	for c, err := range log.Changes(store.ChangeFilter{After: since, Newest: true, Limit: MaxSearched}) {
		if err != nil {
			return store.Change{}, false, err
		}
		if r.changedBy(c) {
			return c, true, nil
		}
		oldest = c
	}
	if oldest.Action == "" {
		return store.Change{}, since == head, nil
	}
	// A revision can be read, or deleted from the log, in part.
	return store.Change{}, oldest.Revision == since+1 && oldest.Seq == 0, nil
}

// changedBy reports whether a change changes the record. The record of a user
// or group that is gone is one that had the name before or after the change.
func (r Record) changedBy(c store.Change) bool {
	if !slices.Contains(actions[r.Kind], c.Action) {
		return false
	}
	switch r.Kind {
	case "user", "group":
		if r.ID == uuid.Nil {
			return nameIn(c.Before) == r.Name || nameIn(c.After) == r.Name
		}
		return c.SubjectID == r.ID || c.ObjectID == r.ID
	case "delegation":
		if r.ID != uuid.Nil {
			return c.SubjectID == r.ID
		}
	case "permission":
		if c.Object != "" { // a grant
			return c.Object == r.Name
		}
	}
	return c.Subject == r.Name
}

// nameIn returns the name of a user or group in the change log.
func nameIn(record json.RawMessage) string {
	var named struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(record, &named) != nil {
		return ""
	}
	return named.Name
}
