-- Delegations: who may assign what.
CREATE TABLE rbac_delegations (
	group_id TEXT NOT NULL PRIMARY KEY REFERENCES rbac_groups (id),
	users    INTEGER NOT NULL,
	note     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rbac_delegation_groups (
	group_id  TEXT NOT NULL REFERENCES rbac_delegations (group_id),
	assign_id TEXT NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (group_id, assign_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_delegation_groups_assign ON rbac_delegation_groups (assign_id, group_id);

-- Memberships by scope, and memberships with an end: -62135596800000000 is none.
CREATE INDEX rbac_memberships_scope ON rbac_memberships (scope, group_id, user_id);
CREATE INDEX rbac_memberships_until ON rbac_memberships (until, user_id, group_id, scope) WHERE until <> -62135596800000000;

INSERT INTO rbac_schema (version) VALUES (3);
