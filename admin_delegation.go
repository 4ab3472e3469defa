package rbac

import (
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/rules"
	"github.com/rbac-go/rbac/store"
)

// Delegation lets the members of a group administer users: the model of
// ARBAC97. [Authority.UpdateAs] checks every change against the delegations.
//
// A member of Group, by inheritance too, may assign and deassign the groups in
// Assign: in the scopes of the membership, and everywhere by a membership
// without scope. A group can be assigned only if Assign names the group and
// every group that it inherits, so an inheritance that is added later widens no
// delegation. A group that gives the permission [Config.Administer] can be
// assigned by holders of that permission alone.
//
// With Users, a member may also create, modify, disable, delete and unlock the
// users all of whose groups, in every scope, the member may assign by
// delegations with Users, and issue links for them. Only members without scope
// may do so for a user without any membership. No delegation lets anybody set a
// password, a subject or an id. A group that keeps another group of the user
// from being active, by a dynamic separation set, needs delegations for both.
//
// A delegation follows its groups when they are renamed. A deleted group
// disappears from every Assign, and takes its own delegation along.
type Delegation struct {
	Group  string   `json:"group"`  // the key: a group has at most one delegation
	Assign []string `json:"assign"` // at least one; listed in byte order
	Users  bool     `json:"users,omitempty"`
	Note   string   `json:"note,omitempty"`
}

// AddDelegation adds a delegation. ErrExists if the group has a delegation,
// ErrNotFound for an unknown group, and ErrInvalid for an empty Assign or a
// group that is named twice.
func (tx *Tx) AddDelegation(d Delegation) error {
	rec, after, err := tx.checkedDelegation(d)
	if err != nil {
		return err
	}
	_, found := tx.delegationOf(rec.Group)
	if err := free(found, "delegation", d.Group, ""); err != nil {
		return err
	}
	return tx.putDelegation("AddDelegation", rec, nil, after)
}

// ModifyDelegation replaces Assign, Users and Note of d.Group's delegation.
func (tx *Tx) ModifyDelegation(d Delegation) error {
	rec, after, err := tx.checkedDelegation(d)
	if err != nil {
		return err
	}
	old, err := tx.delegationOf(rec.Group)
	if err != nil {
		return named(err, "delegation", d.Group)
	}
	if old.Users == rec.Users && old.Note == rec.Note && slices.Equal(old.Assign, rec.Assign) {
		return nil
	}
	before, err := tx.publicDelegation(old)
	if err != nil {
		return err
	}
	return tx.putDelegation("ModifyDelegation", rec, before, after)
}

// DeleteDelegation deletes the delegation of a group.
func (tx *Tx) DeleteDelegation(group string) error {
	if err := tx.writable(nil); err != nil {
		return err
	}
	g, err := tx.group(group)
	if err != nil {
		return err
	}
	rec, err := tx.delegationOf(g.ID)
	if err != nil {
		return named(err, "delegation", group)
	}
	return tx.write(func() error { return tx.deleteDelegation(rec) })
}

// Delegations lists all delegations in byte order of their groups.
func (tx *Tx) Delegations() ([]Delegation, error) {
	records, err := tx.r.Delegations()
	if err != nil {
		return nil, err
	}
	list := make([]Delegation, len(records))
	for i, rec := range records {
		if list[i], err = tx.publicDelegation(rec); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b Delegation) int { return strings.Compare(a.Group, b.Group) })
	return list, nil
}

// checkedDelegation validates a delegation, and returns the record together
// with the delegation in the form of the change log.
func (tx *Tx) checkedDelegation(d Delegation) (store.Delegation, Delegation, error) {
	invalidAssign := ""
	if len(d.Assign) == 0 {
		invalidAssign = "empty"
	}
	err := tx.writable(errors.Join(
		invalid("delegation", d.Group, "Assign", invalidAssign),
		validText("delegation", d.Group, "Note", d.Note)))
	if err != nil {
		return store.Delegation{}, Delegation{}, err
	}
	g, err := tx.group(d.Group)
	if err != nil {
		return store.Delegation{}, Delegation{}, err
	}
	rec := store.Delegation{Group: g.ID, Users: d.Users, Note: d.Note}
	for _, name := range d.Assign {
		assigned, err := tx.group(name)
		if err != nil {
			return rec, d, err
		}
		if slices.Contains(rec.Assign, assigned.ID) {
			return rec, d, invalid("delegation", d.Group, "Assign", name+" is named twice")
		}
		rec.Assign = append(rec.Assign, assigned.ID)
	}
	rules.SortIDs(rec.Assign)
	d.Group, d.Assign = g.Name, slices.Sorted(slices.Values(d.Assign))
	return rec, d, nil
}

// delegationOf returns the delegation of a group.
func (tx *Tx) delegationOf(group uuid.UUID) (store.Delegation, error) {
	all, err := tx.r.Delegations()
	if err != nil {
		return store.Delegation{}, err
	}
	for _, d := range all {
		if d.Group == group {
			return d, nil
		}
	}
	return store.Delegation{}, ErrNotFound
}

// delegation returns the delegation of the group with a name.
func (tx *Tx) delegation(group string) (Delegation, error) {
	g, err := tx.group(group)
	if err != nil {
		return Delegation{}, err
	}
	rec, err := tx.delegationOf(g.ID)
	if err != nil {
		return Delegation{}, named(err, "delegation", group)
	}
	return tx.publicDelegation(rec)
}

// publicDelegation returns a delegation with the names of its groups.
func (tx *Tx) publicDelegation(rec store.Delegation) (Delegation, error) {
	g, err := tx.r.Group(store.GroupKey{ID: rec.Group})
	if err != nil {
		return Delegation{}, err
	}
	groups, err := tx.groupsOf(rec.Assign, nil)
	return Delegation{Group: g.Name, Assign: groupNames(groups), Users: rec.Users, Note: rec.Note}, err
}

func (tx *Tx) putDelegation(action string, rec store.Delegation, before, after any) error {
	return tx.write(
		func() error { return tx.r.PutDelegation(rec) },
		func() error { return tx.logDelegation(action, rec, before, after) })
}

// deleteDelegation deletes a delegation and writes a Change.
func (tx *Tx) deleteDelegation(rec store.Delegation) error {
	before, err := tx.publicDelegation(rec)
	if err != nil {
		return err
	}
	if err := tx.r.DeleteDelegation(rec.Group); err != nil {
		return err
	}
	return tx.logDelegation("DeleteDelegation", rec, before, nil)
}

// logDelegation writes a Change whose subject is the group of a delegation.
func (tx *Tx) logDelegation(action string, rec store.Delegation, before, after any) error {
	g, err := tx.r.Group(store.GroupKey{ID: rec.Group})
	if err != nil {
		return err
	}
	return tx.log(Change{Action: action, Subject: g.Name, SubjectID: g.ID}, before, after)
}

// dropFromDelegations removes a group that will be deleted from all delegations.
func (tx *Tx) dropFromDelegations(group uuid.UUID) error {
	all, err := tx.r.Delegations()
	if err != nil {
		return err
	}
	for _, rec := range all {
		rest := slices.DeleteFunc(slices.Clone(rec.Assign), func(g uuid.UUID) bool { return g == group })
		switch {
		case rec.Group == group || len(rest) == 0:
			err = tx.deleteDelegation(rec)
		case len(rest) < len(rec.Assign):
			err = tx.shrinkDelegation(rec, rest)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shrinkDelegation replaces Assign of a delegation and writes a Change.
func (tx *Tx) shrinkDelegation(rec store.Delegation, assign []uuid.UUID) error {
	before, err := tx.publicDelegation(rec)
	if err != nil {
		return err
	}
	rec.Assign = assign
	after, err := tx.publicDelegation(rec)
	if err != nil {
		return err
	}
	if err := tx.r.PutDelegation(rec); err != nil {
		return err
	}
	return tx.logDelegation("ModifyDelegation", rec, before, after)
}
