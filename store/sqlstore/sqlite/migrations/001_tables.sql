-- Times are microseconds since 1970-01-01T00:00:00Z; the zero time, "none", is that of the
-- year 1: -62135596800000000. Ids are UUIDs in their usual lower-case form. Texts
-- are compared byte by byte. Foreign keys do not cascade: what goes along with a
-- deleted record is decided, and logged, before it gets here. But a ticket takes its
-- values along in the one statement that deletes it, so that one set meanwhile is not in its way.

CREATE TABLE rbac_schema (
	version INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE rbac_head (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	revision INTEGER NOT NULL,
	nonce    INTEGER NOT NULL
) STRICT;
INSERT INTO rbac_head (one, revision, nonce) VALUES (1, 0, 0);

CREATE TABLE rbac_users (
	id            TEXT NOT NULL PRIMARY KEY,
	name          TEXT NOT NULL UNIQUE,
	email         TEXT NOT NULL,
	email_key     TEXT NOT NULL,
	subject       TEXT NOT NULL,
	display_name  TEXT NOT NULL,
	note          TEXT NOT NULL,
	disabled      INTEGER NOT NULL,
	password_hash TEXT NOT NULL,
	created       INTEGER NOT NULL,
	last_login    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX rbac_users_email ON rbac_users (email_key) WHERE email_key <> '';
CREATE UNIQUE INDEX rbac_users_subject ON rbac_users (subject) WHERE subject <> '';

CREATE TABLE rbac_sections (
	name     TEXT NOT NULL PRIMARY KEY,
	title    TEXT NOT NULL,
	position INTEGER NOT NULL
) STRICT;

CREATE TABLE rbac_permissions (
	id          TEXT NOT NULL PRIMARY KEY,
	name        TEXT NOT NULL UNIQUE,
	title       TEXT NOT NULL,
	description TEXT NOT NULL,
	section     TEXT NOT NULL, -- a name or '', and no reference
	position    INTEGER NOT NULL,
	object      TEXT NOT NULL,
	operation   TEXT NOT NULL,
	created     INTEGER NOT NULL
) STRICT;

CREATE TABLE rbac_groups (
	id           TEXT NOT NULL PRIMARY KEY,
	name         TEXT NOT NULL UNIQUE,
	display_name TEXT NOT NULL,
	note         TEXT NOT NULL,
	created      INTEGER NOT NULL
) STRICT;

CREATE TABLE rbac_grants (
	group_id   TEXT NOT NULL REFERENCES rbac_groups (id),
	permission TEXT NOT NULL, -- a name or a pattern, and no reference
	note       TEXT NOT NULL,
	granted_by TEXT NOT NULL,
	granted_at INTEGER NOT NULL,
	PRIMARY KEY (group_id, permission)
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_grants_permission ON rbac_grants (permission, group_id);

CREATE TABLE rbac_inheritances (
	senior_id TEXT NOT NULL REFERENCES rbac_groups (id),
	junior_id TEXT NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (senior_id, junior_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_inheritances_junior ON rbac_inheritances (junior_id, senior_id);

CREATE TABLE rbac_declarations (
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	id   TEXT NOT NULL,
	text TEXT NOT NULL,
	PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE rbac_separations (
	dynamic     INTEGER NOT NULL,
	name        TEXT NOT NULL,
	cardinality INTEGER NOT NULL,
	PRIMARY KEY (dynamic, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE rbac_separation_groups (
	dynamic  INTEGER NOT NULL,
	name     TEXT NOT NULL,
	group_id TEXT NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (dynamic, name, group_id),
	FOREIGN KEY (dynamic, name) REFERENCES rbac_separations (dynamic, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_separation_groups_group ON rbac_separation_groups (group_id, dynamic, name);

CREATE TABLE rbac_memberships (
	user_id     TEXT NOT NULL REFERENCES rbac_users (id),
	group_id    TEXT NOT NULL REFERENCES rbac_groups (id),
	scope       TEXT NOT NULL,
	note        TEXT NOT NULL,
	until       INTEGER NOT NULL,
	assigned_by TEXT NOT NULL,
	assigned_at INTEGER NOT NULL,
	PRIMARY KEY (user_id, group_id, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_memberships_group ON rbac_memberships (group_id, user_id, scope);

CREATE TABLE rbac_tickets (
	id         TEXT NOT NULL PRIMARY KEY,
	user_id    TEXT NOT NULL REFERENCES rbac_users (id),
	hash       BLOB NOT NULL UNIQUE, -- the SHA-256 of the token
	label      TEXT NOT NULL,
	api_key    INTEGER NOT NULL,
	narrowed   INTEGER NOT NULL,
	created    INTEGER NOT NULL,
	last_seen  INTEGER NOT NULL,
	expires    INTEGER NOT NULL,
	addr       TEXT NOT NULL,
	user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX rbac_tickets_user ON rbac_tickets (user_id, created, id);
CREATE INDEX rbac_tickets_seen ON rbac_tickets (api_key, last_seen);
CREATE INDEX rbac_tickets_expires ON rbac_tickets (expires);

CREATE TABLE rbac_ticket_groups (
	ticket_id TEXT NOT NULL REFERENCES rbac_tickets (id),
	group_id  TEXT NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (ticket_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_ticket_groups_group ON rbac_ticket_groups (group_id, ticket_id);

CREATE TABLE rbac_ticket_values (
	ticket_id TEXT NOT NULL REFERENCES rbac_tickets (id) ON DELETE CASCADE,
	name      TEXT NOT NULL,
	value     TEXT NOT NULL,
	PRIMARY KEY (ticket_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE rbac_throttles (
	key       BLOB NOT NULL PRIMARY KEY,
	failures  INTEGER NOT NULL,
	halved    INTEGER NOT NULL,
	last      INTEGER NOT NULL,
	succeeded INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_throttles_last ON rbac_throttles (last);

CREATE TABLE rbac_changes (
	revision    INTEGER NOT NULL,
	nonce       INTEGER NOT NULL,
	seq         INTEGER NOT NULL,
	at          INTEGER NOT NULL,
	actor       TEXT NOT NULL,
	verified    INTEGER NOT NULL,
	reason      TEXT NOT NULL,
	action      TEXT NOT NULL,
	subject     TEXT NOT NULL,
	object      TEXT NOT NULL,
	scope       TEXT NOT NULL,
	subject_id  TEXT NOT NULL,
	object_id   TEXT NOT NULL,
	before_json TEXT, -- NULL: there was no record
	after_json  TEXT,
	PRIMARY KEY (revision, seq)
) STRICT;
CREATE INDEX rbac_changes_actor ON rbac_changes (actor, revision, seq);
CREATE INDEX rbac_changes_subject ON rbac_changes (subject, revision, seq);
CREATE INDEX rbac_changes_object ON rbac_changes (object, revision, seq);
CREATE INDEX rbac_changes_at ON rbac_changes (at, revision);

INSERT INTO rbac_schema (version) VALUES (1);
