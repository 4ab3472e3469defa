package sqlstore

import (
	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

const (
	selectSection    = "SELECT name, title, position FROM rbac_sections"
	selectPermission = "SELECT id, name, title, description, section, position, object, operation, created FROM rbac_permissions"
)

func (r *records) Sections() ([]store.Section, error) {
	return all(r, "Sections", scanSection, selectSection+" ORDER BY name")
}

func (r *records) Section(name string) (store.Section, error) {
	return one(r, "Section", scanSection, selectSection+" WHERE name = ?", name)
}

func (r *records) PutSection(s store.Section) error {
	r.policy = true
	return r.add("PutSection", `INSERT INTO rbac_sections (name, title, position) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET title = excluded.title, position = excluded.position`, s.Name, s.Title, s.Position)
}

func (r *records) DeleteSection(name string) error {
	r.policy = true
	return r.change("DeleteSection", "DELETE FROM rbac_sections WHERE name = ?", name)
}

func (r *records) Permissions() ([]store.Permission, error) {
	return all(r, "Permissions", scanPermission, selectPermission+" ORDER BY name")
}

func (r *records) Permission(name string) (store.Permission, error) {
	return one(r, "Permission", scanPermission, selectPermission+" WHERE name = ?", name)
}

func (r *records) PutPermission(p store.Permission) error {
	r.policy = true
	return r.add("PutPermission", `INSERT INTO rbac_permissions (id, name, title, description, section, position, object, operation, created)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, title = excluded.title, description = excluded.description, section = excluded.section,
		position = excluded.position, object = excluded.object, operation = excluded.operation, created = excluded.created`,
		p.ID, p.Name, p.Title, p.Description, p.Section, p.Position, p.Object, p.Operation, micros(p.Created))
}

func (r *records) DeletePermission(id uuid.UUID) error {
	r.policy = true
	return r.change("DeletePermission", "DELETE FROM rbac_permissions WHERE id = ?", id)
}

func scanSection(row Row) (store.Section, error) {
	var s store.Section
	return s, row.Scan(&s.Name, &s.Title, &s.Position)
}

func scanPermission(row Row) (store.Permission, error) {
	var p store.Permission
	err := row.Scan(&p.ID, &p.Name, &p.Title, &p.Description, &p.Section, &p.Position, &p.Object, &p.Operation, moment{&p.Created})
	return p, err
}
