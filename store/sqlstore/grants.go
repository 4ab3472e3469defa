package sqlstore

import (
	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

const (
	selectGrant       = "SELECT group_id, permission, note, granted_by, granted_at FROM rbac_grants"
	selectInheritance = "SELECT senior_id, junior_id FROM rbac_inheritances"
)

func (r *records) Grants(f store.GrantFilter) ([]store.Grant, error) {
	var w where
	if f.Group != uuid.Nil {
		w.and("group_id = ?", f.Group)
	}
	if f.Permission != "" {
		w.and("permission = ?", f.Permission)
	}
	return all(r, "Grants", scanGrant, selectGrant+w.String()+" ORDER BY group_id, permission", w.args...)
}

func (r *records) Grant(group uuid.UUID, permission string) (store.Grant, error) {
	return one(r, "Grant", scanGrant, selectGrant+" WHERE group_id = ? AND permission = ?", group, permission)
}

func (r *records) PutGrant(g store.Grant) error {
	r.policy = true
	return r.add("PutGrant", `INSERT INTO rbac_grants (group_id, permission, note, granted_by, granted_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (group_id, permission) DO UPDATE SET note = excluded.note, granted_by = excluded.granted_by, granted_at = excluded.granted_at`,
		g.Group, g.Permission, g.Note, g.GrantedBy, micros(g.GrantedAt))
}

func (r *records) DeleteGrant(group uuid.UUID, permission string) error {
	r.policy = true
	return r.change("DeleteGrant", "DELETE FROM rbac_grants WHERE group_id = ? AND permission = ?", group, permission)
}

func (r *records) Inheritances(f store.InheritanceFilter) ([]store.Inheritance, error) {
	var w where
	if f.Senior != uuid.Nil {
		w.and("senior_id = ?", f.Senior)
	}
	if f.Junior != uuid.Nil {
		w.and("junior_id = ?", f.Junior)
	}
	return all(r, "Inheritances", scanInheritance, selectInheritance+w.String()+" ORDER BY senior_id, junior_id", w.args...)
}

func (r *records) AddInheritance(i store.Inheritance) error {
	r.policy = true
	return r.add("AddInheritance", "INSERT INTO rbac_inheritances (senior_id, junior_id) VALUES (?, ?)", i.Senior, i.Junior)
}

func (r *records) DeleteInheritance(i store.Inheritance) error {
	r.policy = true
	return r.change("DeleteInheritance", "DELETE FROM rbac_inheritances WHERE senior_id = ? AND junior_id = ?", i.Senior, i.Junior)
}

func scanGrant(row Row) (store.Grant, error) {
	var g store.Grant
	return g, row.Scan(&g.Group, &g.Permission, &g.Note, &g.GrantedBy, moment{&g.GrantedAt})
}

func scanInheritance(row Row) (store.Inheritance, error) {
	var i store.Inheritance
	return i, row.Scan(&i.Senior, &i.Junior)
}
