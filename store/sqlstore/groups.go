package sqlstore

import (
	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

const selectGroup = "SELECT id, name, display_name, note, created FROM rbac_groups"

func (r *records) Groups() ([]store.Group, error) {
	return all(r, "Groups", scanGroup, selectGroup+" ORDER BY name")
}

func (r *records) Group(k store.GroupKey) (store.Group, error) {
	where, arg := " WHERE id = ?", any(k.ID)
	if k.Name != "" {
		where, arg = " WHERE name = ?", k.Name
	}
	return one(r, "Group", scanGroup, selectGroup+where, arg)
}

func (r *records) PutGroup(g store.Group) error {
	r.policy = true
	return r.add("PutGroup", `INSERT INTO rbac_groups (id, name, display_name, note, created) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, display_name = excluded.display_name, note = excluded.note, created = excluded.created`,
		g.ID, g.Name, g.DisplayName, g.Note, micros(g.Created))
}

func (r *records) DeleteGroup(id uuid.UUID) error {
	r.policy = true
	return r.change("DeleteGroup", "DELETE FROM rbac_groups WHERE id = ?", id)
}

func scanGroup(row Row) (store.Group, error) {
	var g store.Group
	return g, row.Scan(&g.ID, &g.Name, &g.DisplayName, &g.Note, moment{&g.Created})
}
