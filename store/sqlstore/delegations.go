package sqlstore

import (
	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

func (r *records) Delegations() ([]store.Delegation, error) {
	const call = "Delegations"
	list, err := all(r, call, scanDelegation, "SELECT group_id, users, note FROM rbac_delegations ORDER BY group_id")
	if err != nil || len(list) == 0 {
		return nil, err
	}
	places, err := all(r, call, scanDelegatedGroup, "SELECT group_id, assign_id FROM rbac_delegation_groups ORDER BY group_id, assign_id")
	if err != nil {
		return nil, err
	}
	i := 0
	for _, p := range places {
		for list[i].Group != p.group {
			i++ // both lists are ordered by group, and each place belongs to a delegation
		}
		list[i].Assign = append(list[i].Assign, p.assign)
	}
	return list, nil
}

func (r *records) PutDelegation(d store.Delegation) error {
	r.policy = true
	const call = "PutDelegation"
	err := r.add(call, `INSERT INTO rbac_delegations (group_id, users, note) VALUES (?, ?, ?)
		ON CONFLICT (group_id) DO UPDATE SET users = excluded.users, note = excluded.note`, d.Group, d.Users, d.Note)
	if err != nil {
		return err
	}
	if err := r.deleteDelegatedGroups(call, d.Group); err != nil {
		return err
	}
	for _, g := range d.Assign {
		if err := r.add(call, "INSERT INTO rbac_delegation_groups (group_id, assign_id) VALUES (?, ?)", d.Group, g); err != nil {
			return err
		}
	}
	return nil
}

func (r *records) DeleteDelegation(group uuid.UUID) error {
	r.policy = true
	const call = "DeleteDelegation"
	if err := r.deleteDelegatedGroups(call, group); err != nil {
		return err
	}
	return r.change(call, "DELETE FROM rbac_delegations WHERE group_id = ?", group)
}

func (r *records) deleteDelegatedGroups(call string, group uuid.UUID) error {
	_, err := r.exec(call, "DELETE FROM rbac_delegation_groups WHERE group_id = ?", group)
	return err
}

func scanDelegation(row Row) (store.Delegation, error) {
	var d store.Delegation
	return d, row.Scan(&d.Group, &d.Users, &d.Note)
}

type delegatedGroup struct{ group, assign uuid.UUID }

func scanDelegatedGroup(row Row) (delegatedGroup, error) {
	var p delegatedGroup
	return p, row.Scan(&p.group, &p.assign)
}
