package importer

import (
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// gone has the records of earlier imports that an administrator has deleted or
// renamed since. Each has the reason why an import does not restore the record.
// Users are listed by subject, and all other records by name.
type gone struct{ users, groups, permissions, sets map[string]string }

const wasDeleted = "was deleted here since an earlier import"

// readGone reads the change log, as far back as the log goes. Permissions and
// sets have no note of their import, so a deletion counts if there was any
// import before.
func (i *importing) readGone(tx *rbac.Tx) error {
	i.gone = gone{map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}}
	again, err := i.readGoneGroups(tx)
	if err != nil {
		return err
	}
	if err := i.readGoneUsers(tx); err != nil {
		return err
	}
	if again = again || len(i.gone.users) > 0; !again {
		if again, err = i.hasUsers(tx); err != nil || !again {
			return err
		}
	}
	for action, of := range map[string]map[string]string{"DeletePermission": i.gone.permissions, "DeleteSSDSet": i.gone.sets} {
		for c, err := range tx.Changes(rbac.ChangeQuery{Action: action}) {
			if err != nil {
				return err
			}
			of[c.Subject] = wasDeleted
		}
	}
	return nil
}

// readGoneGroups finds the former names of groups of earlier imports, and
// reports whether any group came from an earlier import. Somebody may have
// changed the note of the import since, so a group is recognised by its id.
func (i *importing) readGoneGroups(tx *rbac.Tx) (again bool, err error) {
	here, err := tx.Groups()
	if err != nil {
		return false, err
	}
	brought, now := map[uuid.UUID]bool{}, map[uuid.UUID]string{}
	for _, g := range here {
		now[g.ID] = g.Name
		if g.Note == i.note() {
			brought[g.ID] = true
		}
	}
	names, added := map[uuid.UUID][]string{}, map[uuid.UUID]rbac.Revision{}
	for _, action := range []string{"AddGroup", "ModifyGroup", "DeleteGroup"} {
		for c, err := range tx.Changes(rbac.ChangeQuery{Action: action}) {
			if err != nil {
				return false, err
			}
			switch {
			case action == "AddGroup":
				added[c.SubjectID] = c.Revision
			case action == "DeleteGroup" && added[c.SubjectID] == c.Revision: // the group of a user who was refused
				delete(brought, c.SubjectID)
				continue
			}
			for _, of := range []json.RawMessage{c.Before, c.After} {
				if was := logged(of); was.Name != "" {
					names[c.SubjectID] = append(names[c.SubjectID], was.Name)
					if was.Note == i.note() {
						brought[c.SubjectID] = true
					}
				}
			}
		}
	}
	for id := range brought {
		for _, name := range names[id] {
			switch {
			case now[id] == "":
				i.gone.groups[name] = wasDeleted
			case now[id] != name && i.gone.groups[name] == "":
				i.gone.groups[name] = "was renamed here to " + now[id] + " since an earlier import"
			}
		}
	}
	return len(brought) > 0, nil
}

// readGoneUsers finds the subjects of users who were deleted, or have another
// subject now.
func (i *importing) readGoneUsers(tx *rbac.Tx) error {
	ours := subject(i.plan.kind, "")
	for c, err := range tx.Changes(rbac.ChangeQuery{Action: "ModifyUser"}) {
		if err != nil {
			return err
		}
		was := logged(c.Before).Subject
		if strings.HasPrefix(was, ours) && logged(c.After).Subject != was {
			i.gone.users[was] = "has another subject here since an earlier import"
		}
	}
	for c, err := range tx.Changes(rbac.ChangeQuery{Action: "DeleteUser"}) {
		if err != nil {
			return err
		}
		was := logged(c.Before).Subject
		if !strings.HasPrefix(was, ours) {
			continue
		}
		refused, err := addedByTheSameUpdate(tx, c)
		if err != nil {
			return err
		}
		if !refused {
			i.gone.users[was] = wasDeleted
		}
	}
	return nil
}

// hasUsers reports whether a user of the plan is here.
func (i *importing) hasUsers(tx *rbac.Tx) (bool, error) {
	for _, u := range i.plan.users {
		if _, err := tx.UserBySubject(u.Subject); err == nil || !isRefusal(err) {
			return err == nil, err
		}
	}
	return false, nil
}

// loggedRecord has the fields of a user or group in the change log by which an
// import knows its own records.
type loggedRecord struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Note    string `json:"note"`
}

func logged(record json.RawMessage) (r loggedRecord) {
	if json.Unmarshal(record, &r) != nil {
		return loggedRecord{}
	}
	return r
}

// addedByTheSameUpdate reports whether a deleted user was added in the same
// Update, by an import that then refused the user.
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
