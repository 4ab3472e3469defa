package importer

import (
	"github.com/rbac-go/rbac"
)

// addition is a grant or inheritance of the source for an existing group.
type addition struct {
	tx            *rbac.Tx
	group, object string // the group, and the permission or the junior
	removal       string // the action in the change log that takes the addition away
	present       bool
	add           func() error
}

// addition reports a missing grant or inheritance of an existing group, and
// adds the record with Merge. A record that an administrator has removed here
// is not added. Without a reason, the group has the addition.
func (i *importing) addition(r *Report, at Row, of addition) (reason string, err error) {
	if of.present {
		r.add(at.as(Present, ""))
		return "", nil
	}
	removed, err := of.wasRemoved()
	if err != nil {
		return "", err
	}
	switch {
	case removed:
		reason = "was taken from the group " + of.group + " here"
	case !i.options.Merge:
		reason = "the group " + of.group + " was here before, and is left as it is: use --merge, or Options.Merge, to add what it lacks"
	default:
		at.Reason = "added to the group " + of.group + ", which was here before"
		return r.settle(at, of.add())
	}
	r.add(at.as(NotTaken, reason))
	return reason, nil
}

// wasRemoved reports whether the change log has a removal. The group may have had
// another name then.
func (of addition) wasRemoved() (bool, error) {
	group, err := of.tx.Group(of.group)
	if err != nil {
		return false, err
	}
	for c, err := range of.tx.Changes(rbac.ChangeQuery{Action: of.removal, Subject: of.object}) {
		if err != nil {
			return false, err
		}
		if c.Action == of.removal && c.SubjectID == group.ID {
			return true, nil
		}
	}
	return false, nil
}
