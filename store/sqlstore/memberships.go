package sqlstore

import (
	"iter"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

const membershipColumns = "m.user_id, m.group_id, m.scope, m.note, m.until, m.assigned_by, m.assigned_at"

func (r *records) Membership(user, group uuid.UUID, scope string) (rbac.MembershipRecord, error) {
	return one(r, "Membership", scanMembership, "SELECT "+membershipColumns+` FROM rbac_memberships m
		WHERE m.user_id = ? AND m.group_id = ? AND m.scope = ?`, user, group, scope)
}

func (r *records) UserMemberships(user uuid.UUID) ([]rbac.MembershipRecord, error) {
	return all(r, "UserMemberships", scanMembership, "SELECT "+membershipColumns+` FROM rbac_memberships m
		WHERE m.user_id = ? ORDER BY m.group_id, m.scope`, user)
}

func (r *records) GroupMembers(group uuid.UUID) iter.Seq2[rbac.Member, error] {
	const query = "SELECT " + membershipColumns + `, u.name FROM rbac_memberships m JOIN rbac_users u ON u.id = m.user_id`
	return pages(r, "GroupMembers", 0, func(last *rbac.Member, size int) ([]rbac.Member, error) {
		var w where
		w.and("m.group_id = ?", group)
		if last != nil {
			w.and("(m.user_id, m.scope) > (?, ?)", last.User, last.Scope)
		}
		return all(r, "GroupMembers", scanMember, query+w.String()+" ORDER BY m.user_id, m.scope LIMIT ?", append(w.args, size)...)
	})
}

func (r *records) AddMembership(m rbac.MembershipRecord) error {
	return r.add("AddMembership", `INSERT INTO rbac_memberships
		(user_id, group_id, scope, note, until, assigned_by, assigned_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		m.User, m.Group, m.Scope, m.Note, micros(m.Until), m.AssignedBy, micros(m.AssignedAt))
}

func (r *records) SetMembership(m rbac.MembershipRecord) error {
	return r.change("SetMembership", `UPDATE rbac_memberships SET note = ?, until = ?, assigned_by = ?, assigned_at = ?
		WHERE user_id = ? AND group_id = ? AND scope = ?`,
		m.Note, micros(m.Until), m.AssignedBy, micros(m.AssignedAt), m.User, m.Group, m.Scope)
}

func (r *records) DeleteMembership(user, group uuid.UUID, scope string) error {
	return r.change("DeleteMembership", "DELETE FROM rbac_memberships WHERE user_id = ? AND group_id = ? AND scope = ?", user, group, scope)
}

func scanMembership(row Row) (rbac.MembershipRecord, error) {
	var m rbac.MembershipRecord
	return m, row.Scan(membershipFields(&m)...)
}

func scanMember(row Row) (rbac.Member, error) {
	var m rbac.Member
	return m, row.Scan(append(membershipFields(&m.MembershipRecord), &m.UserName)...)
}

func membershipFields(m *rbac.MembershipRecord) []any {
	return []any{&m.User, &m.Group, &m.Scope, &m.Note, moment{&m.Until}, &m.AssignedBy, moment{&m.AssignedAt}}
}
