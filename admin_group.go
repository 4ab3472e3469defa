package rbac

import (
	"errors"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// AddGroup adds a group without members or grants and returns the stored
// record.
func (tx *Tx) AddGroup(g Group) (Group, error) {
	if err := tx.writable(errors.Join(checkGroup(g), noHidden("group", g.Name, "Name", g.Name))); err != nil {
		return Group{}, err
	}
	_, found := tx.r.Group(store.GroupKey{Name: g.Name})
	if err := free(found, "group", g.Name, "Name"); err != nil {
		return Group{}, err
	}
	if g.ID != uuid.Nil {
		_, found := tx.r.Group(store.GroupKey{ID: g.ID})
		if err := free(found, "group", g.Name, "ID"); err != nil {
			return Group{}, err
		}
	}
	var err error
	if g.ID, err = newID(g.ID); err != nil {
		return Group{}, err
	}
	g.Created = tx.now
	if err := tx.r.PutGroup(store.Group(g)); err != nil {
		return Group{}, err
	}
	return g, tx.log(Change{Action: "AddGroup", Subject: g.Name, SubjectID: g.ID}, nil, g)
}

// checkGroup checks the writable fields of a group, without hidden characters.
func checkGroup(g Group) error {
	return errors.Join(
		validName("group", "Name", g.Name),
		validText("group", g.Name, "DisplayName", g.DisplayName),
		validText("group", g.Name, "Note", g.Note))
}

// ModifyGroup replaces every writable field of the group with the ID of g.
// Members, grants and inheritances follow a changed name. Predicates name
// groups, so they do not follow.
func (tx *Tx) ModifyGroup(g Group) error {
	if err := tx.writable(checkGroup(g)); err != nil {
		return err
	}
	old, err := tx.r.Group(store.GroupKey{ID: g.ID})
	if err != nil {
		return unknownID(err, "group", g.Name)
	}
	if g.Name != old.Name {
		if err := noHidden("group", g.Name, "Name", g.Name); err != nil {
			return err
		}
		_, found := tx.r.Group(store.GroupKey{Name: g.Name})
		if err := free(found, "group", g.Name, "Name"); err != nil {
			return err
		}
	}
	g.Created = old.Created
	if g == Group(old) {
		return nil
	}
	if err := tx.r.PutGroup(store.Group(g)); err != nil {
		return err
	}
	return tx.log(Change{Action: "ModifyGroup", Subject: g.Name, SubjectID: g.ID}, Group(old), g)
}

// DeleteGroup deletes a group with its memberships, grants and inheritances.
// The group is no longer active in any ticket, and neither is a group that the
// members were authorized for only through the deleted group. The group leaves
// its separation sets and all delegations. ErrSeparation if a set would have
// fewer groups than its cardinality: delete the set first.
func (tx *Tx) DeleteGroup(name string) error {
	g, err := tx.group(name)
	if err := tx.writable(err); err != nil {
		return err
	}
	sets, err := tx.setsOf(g)
	if err != nil {
		return err
	}
	narrowed, err := tx.narrowedTickets(g.ID)
	if err != nil {
		return err
	}
	return tx.write(tx.protect,
		func() error { return tx.endMemberships(store.MembershipFilter{Group: g.ID}) },
		func() error { return tx.endGroupGrants(g) },
		func() error { return tx.endGroupInheritances(g) },
		func() error { return tx.leaveSets(g, sets) },
		func() error { return tx.dropFromDelegations(g.ID) },
		func() error { return tx.pruneTickets(narrowed) },
		func() error { return tx.r.DeleteGroup(g.ID) },
		func() error { return tx.log(Change{Action: "DeleteGroup", Subject: g.Name, SubjectID: g.ID}, g, nil) })
}

// endMemberships deletes the memberships of a user or of a group, in every
// scope, with a Change for each.
func (tx *Tx) endMemberships(f store.MembershipFilter) error {
	for m, err := range tx.r.Memberships(f) {
		if err != nil {
			return err
		}
		if err := tx.deleteMembership(m.Membership, m.UserName, m.GroupName); err != nil {
			return err
		}
	}
	return nil
}

// endGroupGrants deletes all grants of a group, with a Change for each.
func (tx *Tx) endGroupGrants(g Group) error {
	grants, err := tx.r.Grants(store.GrantFilter{Group: g.ID})
	if err != nil {
		return err
	}
	for _, grant := range grants {
		if err := tx.deleteGrant(grant, g.Name); err != nil {
			return err
		}
	}
	return nil
}

// endGroupInheritances deletes all inheritances of a group as senior and as
// junior, with a Change for each.
func (tx *Tx) endGroupInheritances(g Group) error {
	juniors, err1 := tx.r.Inheritances(store.InheritanceFilter{Senior: g.ID})
	seniors, err2 := tx.r.Inheritances(store.InheritanceFilter{Junior: g.ID})
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for _, edge := range append(juniors, seniors...) {
		senior, err1 := tx.r.Group(store.GroupKey{ID: edge.Senior})
		junior, err2 := tx.r.Group(store.GroupKey{ID: edge.Junior})
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if err := tx.deleteInheritance(Group(senior), Group(junior)); err != nil {
			return err
		}
	}
	return nil
}
