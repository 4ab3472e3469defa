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

-- A membership has the name of its user, for the members of a group in the order of their names.
-- Whatever changes the name of a user has to change the name here. The table is made anew, since the
-- column has no default: a program of an earlier version cannot add memberships without the name.
CREATE TABLE rbac_memberships_named (
	user_id     TEXT NOT NULL REFERENCES rbac_users (id),
	group_id    TEXT NOT NULL REFERENCES rbac_groups (id),
	scope       TEXT NOT NULL,
	note        TEXT NOT NULL,
	until       INTEGER NOT NULL,
	assigned_by TEXT NOT NULL,
	assigned_at INTEGER NOT NULL,
	user_name   TEXT NOT NULL,
	PRIMARY KEY (user_id, group_id, scope)
) STRICT, WITHOUT ROWID;
INSERT INTO rbac_memberships_named
	SELECT m.user_id, m.group_id, m.scope, m.note, m.until, m.assigned_by, m.assigned_at, u.name
	FROM rbac_memberships m JOIN rbac_users u ON u.id = m.user_id;
DROP TABLE rbac_memberships;
ALTER TABLE rbac_memberships_named RENAME TO rbac_memberships;
CREATE INDEX rbac_memberships_group ON rbac_memberships (group_id, user_id, scope);
CREATE INDEX rbac_memberships_name ON rbac_memberships (group_id, user_name, until);
CREATE INDEX rbac_memberships_scope_name ON rbac_memberships (scope, group_id, user_name, until);
CREATE INDEX rbac_users_disabled ON rbac_users (name) WHERE disabled;

-- Memberships by scope, and memberships with an end: -62135596800000000 is none.
CREATE INDEX rbac_memberships_scope ON rbac_memberships (scope, group_id, user_id);
CREATE INDEX rbac_memberships_until ON rbac_memberships (until, user_id, group_id, scope) WHERE until <> -62135596800000000;

-- Tickets of all users, newest first: sessions and API keys.
CREATE INDEX rbac_tickets_created ON rbac_tickets (api_key, created, id);

-- Changes by action and by scope. behind is at least by how much an entry of an earlier revision can have a later time.
CREATE INDEX rbac_changes_action ON rbac_changes (action, revision, seq);
CREATE INDEX rbac_changes_scope ON rbac_changes (scope, revision, seq) WHERE scope <> '';
ALTER TABLE rbac_changes ADD COLUMN behind INTEGER NOT NULL DEFAULT 0; -- microseconds
UPDATE rbac_changes SET behind = late.behind
	FROM (SELECT revision, seq, max(at) OVER (ORDER BY revision, seq) - at AS behind FROM rbac_changes) late
	WHERE late.behind > 0 AND late.revision = rbac_changes.revision AND late.seq = rbac_changes.seq;
CREATE INDEX rbac_changes_behind ON rbac_changes (behind) WHERE behind <> 0;

INSERT INTO rbac_schema (version) VALUES (3);
