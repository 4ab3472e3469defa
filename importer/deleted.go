package importer

import (
	"encoding/json"

	"github.com/rbac-go/rbac"
)

// readDeleted finds the users and groups of earlier imports that were deleted
// since, as far back as the change log goes.
func (i *importing) readDeleted(tx *rbac.Tx) error {
	i.deletedUsers, i.deletedGroups = map[string]bool{}, map[string]bool{}
	for c, err := range tx.Changes(rbac.ChangeQuery{Action: "DeleteUser"}) {
		if err != nil {
			return err
		}
		refused, err := addedByTheSameUpdate(tx, c)
		if err != nil {
			return err
		}
		if !refused {
			i.deletedUsers[before(c).Subject] = true
		}
	}
	for c, err := range tx.Changes(rbac.ChangeQuery{Action: "DeleteGroup"}) {
		if err != nil {
			return err
		}
		if before(c).Note == i.note() {
			i.deletedGroups[c.Subject] = true
		}
	}
	return nil
}

// deletedRecord has the fields of a deleted user or group by which an import
// knows its own records.
type deletedRecord struct {
	Subject string `json:"subject"`
	Note    string `json:"note"`
}

func before(c rbac.Change) (d deletedRecord) {
	if json.Unmarshal(c.Before, &d) != nil {
		return deletedRecord{}
	}
	return d
}

// addedByTheSameUpdate reports whether a deleted user was added in the same
// Update: by an import that then refused the user.
func addedByTheSameUpdate(tx *rbac.Tx, deleted rbac.Change) (bool, error) {
	q := rbac.ChangeQuery{Subject: deleted.Subject, After: deleted.Revision - 1}
	for c, err := range tx.Changes(q) {
		if err != nil || c.Revision != deleted.Revision {
			return false, err
		}
		if c.Action == "AddUser" && c.SubjectID == deleted.SubjectID {
			return true, nil
		}
	}
	return false, nil
}
