package sqlstore

import (
	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

const membershipColumns = "m.user_id, m.group_id, m.scope, m.note, m.until, m.assigned_by, m.assigned_at, m.source"

func (r *records) Membership(user, group uuid.UUID, scope string) (store.Membership, error) {
	return one(r, "Membership", scanMembership, "SELECT "+membershipColumns+` FROM rbac_memberships m
		WHERE m.user_id = ? AND m.group_id = ? AND m.scope = ?`, user, group, scope)
}

func (r *records) UserMemberships(user uuid.UUID) ([]store.Membership, error) {
	return all(r, "UserMemberships", scanMembership, "SELECT "+membershipColumns+` FROM rbac_memberships m
		WHERE m.user_id = ? ORDER BY m.group_id, m.scope`, user)
}

func (r *records) PutMembership(m store.Membership) error {
	return r.add("PutMembership", `INSERT INTO rbac_memberships
		(user_id, group_id, scope, note, until, assigned_by, assigned_at, source, user_name)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT name FROM rbac_users WHERE id = ?))
		ON CONFLICT (user_id, group_id, scope) DO UPDATE
		SET note = excluded.note, until = excluded.until, assigned_by = excluded.assigned_by,
			assigned_at = excluded.assigned_at, source = excluded.source`,
		m.User, m.Group, m.Scope, m.Note, micros(m.Until), m.AssignedBy, micros(m.AssignedAt), m.Source, m.User)
}

func (r *records) DeleteMembership(user, group uuid.UUID, scope string) error {
	return r.change("DeleteMembership", "DELETE FROM rbac_memberships WHERE user_id = ? AND group_id = ? AND scope = ?", user, group, scope)
}

func scanMembership(row Row) (store.Membership, error) {
	var m store.Membership
	return m, row.Scan(membershipFields(&m)...)
}

func membershipFields(m *store.Membership) []any {
	return []any{&m.User, &m.Group, &m.Scope, &m.Note, moment{&m.Until}, &m.AssignedBy, moment{&m.AssignedAt}, &m.Source}
}
