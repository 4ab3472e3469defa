-- Delegations: who may assign what.
CREATE TABLE rbac_delegations (
	group_id UUID PRIMARY KEY REFERENCES rbac_groups (id),
	users    BOOLEAN NOT NULL,
	note     TEXT NOT NULL
);

CREATE TABLE rbac_delegation_groups (
	group_id  UUID NOT NULL REFERENCES rbac_delegations (group_id),
	assign_id UUID NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (group_id, assign_id)
);
CREATE INDEX rbac_delegation_groups_assign ON rbac_delegation_groups (assign_id, group_id);

-- A membership has the name of its user, for the members of a group in the order of their names.
-- Whatever changes the name of a user has to change the name here. The column has no default: a
-- program of an earlier version cannot add memberships without the name.
ALTER TABLE rbac_memberships ADD COLUMN user_name TEXT COLLATE "C";
UPDATE rbac_memberships SET user_name = (SELECT name FROM rbac_users WHERE id = user_id);
ALTER TABLE rbac_memberships ALTER COLUMN user_name SET NOT NULL;
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
ALTER TABLE rbac_changes ADD COLUMN behind BIGINT NOT NULL DEFAULT 0; -- microseconds
UPDATE rbac_changes SET behind = late.behind
	FROM (SELECT revision, seq, max(at) OVER (ORDER BY revision, seq) - at AS behind FROM rbac_changes) late
	WHERE late.behind > 0 AND late.revision = rbac_changes.revision AND late.seq = rbac_changes.seq;
CREATE INDEX rbac_changes_behind ON rbac_changes (behind) WHERE behind <> 0;

INSERT INTO rbac_schema (version) VALUES (4);
