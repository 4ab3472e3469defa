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

func (r *records) AddSection(s store.Section) error {
	r.policy = true
	return r.add("AddSection", "INSERT INTO rbac_sections (name, title, position) VALUES (?, ?, ?)", s.Name, s.Title, s.Position)
}

func (r *records) SetSection(s store.Section) error {
	r.policy = true
	return r.change("SetSection", "UPDATE rbac_sections SET title = ?, position = ? WHERE name = ?", s.Title, s.Position, s.Name)
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

func (r *records) AddPermission(p store.Permission) error {
	r.policy = true
	return r.add("AddPermission", `INSERT INTO rbac_permissions (id, name, title, description, section, position, object, operation, created)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.Name, p.Title, p.Description, p.Section, p.Position, p.Object, p.Operation, micros(p.Created))
}

func (r *records) SetPermission(p store.Permission) error {
	r.policy = true
	return r.change("SetPermission", `UPDATE rbac_permissions
		SET title = ?, description = ?, section = ?, position = ?, object = ?, operation = ? WHERE id = ?`,
		p.Title, p.Description, p.Section, p.Position, p.Object, p.Operation, p.ID)
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
