-- A database as version 7 of the tables left it. Never change this file: it stands for those
-- that are out there.
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
	after_json  TEXT, acted_for INTEGER NOT NULL DEFAULT 0, behind INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (revision, seq)
) STRICT;
INSERT INTO rbac_changes VALUES(1,-2,0,1767323045678901,'root',1,'why','AddUser','amy','o','s','0a000000-0000-0000-0000-000000000001','0a000000-0000-0000-0000-000000000003',NULL,'{"Name":"amy"}',0,0);
CREATE TABLE rbac_declarations (
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	id   TEXT NOT NULL,
	text TEXT NOT NULL,
	PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
INSERT INTO rbac_declarations VALUES('group','editors','0a000000-0000-0000-0000-000000000003','Editors');
CREATE TABLE rbac_delegation_groups (
	group_id  TEXT NOT NULL REFERENCES rbac_delegations (group_id),
	assign_id TEXT NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (group_id, assign_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE rbac_delegations (
	group_id TEXT NOT NULL PRIMARY KEY REFERENCES rbac_groups (id),
	users    INTEGER NOT NULL,
	note     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rbac_grants (
	group_id   TEXT NOT NULL REFERENCES rbac_groups (id),
	permission TEXT NOT NULL, -- a name or a pattern, and no reference
	note       TEXT NOT NULL,
	granted_by TEXT NOT NULL,
	granted_at INTEGER NOT NULL,
	PRIMARY KEY (group_id, permission)
) STRICT, WITHOUT ROWID;
INSERT INTO rbac_grants VALUES('0a000000-0000-0000-0000-000000000003','post.*','g','root',1767323045678901);
CREATE TABLE rbac_groups (
	id           TEXT NOT NULL PRIMARY KEY,
	name         TEXT NOT NULL UNIQUE,
	display_name TEXT NOT NULL,
	note         TEXT NOT NULL,
	created      INTEGER NOT NULL
) STRICT;
INSERT INTO rbac_groups VALUES('0a000000-0000-0000-0000-000000000003','editors','Editors','n',1767323045678901);
INSERT INTO rbac_groups VALUES('0a000000-0000-0000-0000-000000000004','managers','','',1767323045678901);
CREATE TABLE rbac_head (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	revision INTEGER NOT NULL,
	nonce    INTEGER NOT NULL
) STRICT;
INSERT INTO rbac_head VALUES(1,1,-2);
CREATE TABLE rbac_inheritances (
	senior_id TEXT NOT NULL REFERENCES rbac_groups (id),
	junior_id TEXT NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (senior_id, junior_id)
) STRICT, WITHOUT ROWID;
INSERT INTO rbac_inheritances VALUES('0a000000-0000-0000-0000-000000000004','0a000000-0000-0000-0000-000000000003');
CREATE TABLE rbac_links (
	user_id TEXT NOT NULL REFERENCES rbac_users (id),
	purpose TEXT NOT NULL,
	hash    BLOB NOT NULL UNIQUE,
	account BLOB NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	PRIMARY KEY (user_id, purpose)
) STRICT, WITHOUT ROWID;
CREATE TABLE "rbac_memberships" (
	user_id     TEXT NOT NULL REFERENCES rbac_users (id),
	group_id    TEXT NOT NULL REFERENCES rbac_groups (id),
	scope       TEXT NOT NULL,
	note        TEXT NOT NULL,
	until       INTEGER NOT NULL,
	assigned_by TEXT NOT NULL,
	assigned_at INTEGER NOT NULL,
	user_name   TEXT NOT NULL, source TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (user_id, group_id, scope)
) STRICT, WITHOUT ROWID;
INSERT INTO rbac_memberships VALUES('0a000000-0000-0000-0000-000000000001','0a000000-0000-0000-0000-000000000003','org:42','m',1767323045678901,'root',1767323045678901,'张三','');
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
INSERT INTO rbac_permissions VALUES('0a000000-0000-0000-0000-000000000002','post.edit','Edit','Edit posts','posts',2,'text','change',1767323045678901);
CREATE TABLE rbac_schema (
	version INTEGER PRIMARY KEY
) STRICT;
INSERT INTO rbac_schema VALUES(1);
INSERT INTO rbac_schema VALUES(2);
INSERT INTO rbac_schema VALUES(3);
INSERT INTO rbac_schema VALUES(4);
INSERT INTO rbac_schema VALUES(5);
INSERT INTO rbac_schema VALUES(6);
INSERT INTO rbac_schema VALUES(7);
CREATE TABLE rbac_sections (
	name     TEXT NOT NULL PRIMARY KEY,
	title    TEXT NOT NULL,
	position INTEGER NOT NULL
) STRICT;
INSERT INTO rbac_sections VALUES('posts','Posts',3);
CREATE TABLE rbac_separation_groups (
	dynamic  INTEGER NOT NULL,
	name     TEXT NOT NULL,
	group_id TEXT NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (dynamic, name, group_id),
	FOREIGN KEY (dynamic, name) REFERENCES rbac_separations (dynamic, name)
) STRICT, WITHOUT ROWID;
INSERT INTO rbac_separation_groups VALUES(1,'cashiers','0a000000-0000-0000-0000-000000000003');
INSERT INTO rbac_separation_groups VALUES(1,'cashiers','0a000000-0000-0000-0000-000000000004');
CREATE TABLE rbac_separations (
	dynamic     INTEGER NOT NULL,
	name        TEXT NOT NULL,
	cardinality INTEGER NOT NULL,
	PRIMARY KEY (dynamic, name)
) STRICT, WITHOUT ROWID;
INSERT INTO rbac_separations VALUES(1,'cashiers',2);
CREATE TABLE rbac_throttles (
	key     BLOB NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL, -- no reference: the user may be gone
	last    INTEGER NOT NULL,
	until   INTEGER NOT NULL,
	state   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rbac_ticket_groups (
	ticket_id TEXT NOT NULL REFERENCES rbac_tickets (id),
	group_id  TEXT NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (ticket_id, group_id)
) STRICT, WITHOUT ROWID;
INSERT INTO rbac_ticket_groups VALUES('0a000000-0000-0000-0000-000000000005','0a000000-0000-0000-0000-000000000003');
CREATE TABLE rbac_ticket_values (
	ticket_id TEXT NOT NULL REFERENCES rbac_tickets (id) ON DELETE CASCADE,
	name      TEXT NOT NULL,
	value     TEXT NOT NULL,
	PRIMARY KEY (ticket_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO rbac_ticket_values VALUES('0a000000-0000-0000-0000-000000000005','lang','中文');
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
, idle INTEGER NOT NULL DEFAULT 3600000000, kept INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO rbac_tickets VALUES('0a000000-0000-0000-0000-000000000005','0a000000-0000-0000-0000-000000000001',X'0102030000000000000000000000000000000000000000000000000000000000','key',1,1,1767323045678901,1767323045678901,1767323045678901,'192.0.2.1','curl',3600000000,0);
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
, paced_until INTEGER NOT NULL DEFAULT -62135596800000000, email_verified INTEGER NOT NULL DEFAULT -62135596800000000) STRICT;
INSERT INTO rbac_users VALUES('0a000000-0000-0000-0000-000000000001','张三','Amy@example.com','amy@example.com','auth0|AbC','Amy','first',1,'$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA',1767323045678901,-62135596800000000,-62135596800000000,-62135596800000000);
CREATE TABLE rbac_logins (
	id         TEXT NOT NULL PRIMARY KEY,
	user_id    TEXT NOT NULL REFERENCES rbac_users (id) ON DELETE CASCADE,
	failed     INTEGER NOT NULL,
	first      INTEGER NOT NULL,
	last       INTEGER NOT NULL,
	attempts   INTEGER NOT NULL,
	addr       TEXT NOT NULL,
	user_agent TEXT NOT NULL,
	method     TEXT NOT NULL,
	outcome    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX rbac_users_email ON rbac_users (email_key) WHERE email_key <> '';
CREATE UNIQUE INDEX rbac_users_subject ON rbac_users (subject) WHERE subject <> '';
CREATE INDEX rbac_grants_permission ON rbac_grants (permission, group_id);
CREATE INDEX rbac_inheritances_junior ON rbac_inheritances (junior_id, senior_id);
CREATE INDEX rbac_separation_groups_group ON rbac_separation_groups (group_id, dynamic, name);
CREATE INDEX rbac_tickets_user ON rbac_tickets (user_id, created, id);
CREATE INDEX rbac_tickets_expires ON rbac_tickets (expires);
CREATE INDEX rbac_ticket_groups_group ON rbac_ticket_groups (group_id, ticket_id);
CREATE INDEX rbac_changes_actor ON rbac_changes (actor, revision, seq);
CREATE INDEX rbac_changes_subject ON rbac_changes (subject, revision, seq);
CREATE INDEX rbac_changes_object ON rbac_changes (object, revision, seq);
CREATE INDEX rbac_changes_at ON rbac_changes (at, revision);
CREATE INDEX rbac_tickets_idle ON rbac_tickets (api_key, last_seen + idle);
CREATE INDEX rbac_throttles_user ON rbac_throttles (user_id, last);
CREATE INDEX rbac_throttles_until ON rbac_throttles (until);
CREATE INDEX rbac_delegation_groups_assign ON rbac_delegation_groups (assign_id, group_id);
CREATE INDEX rbac_memberships_group ON rbac_memberships (group_id, user_id, scope);
CREATE INDEX rbac_memberships_name ON rbac_memberships (group_id, user_name, until);
CREATE INDEX rbac_memberships_scope_name ON rbac_memberships (scope, group_id, user_name, until);
CREATE INDEX rbac_users_disabled ON rbac_users (name) WHERE disabled;
CREATE INDEX rbac_memberships_scope ON rbac_memberships (scope, group_id, user_id);
CREATE INDEX rbac_memberships_until ON rbac_memberships (until, user_id, group_id, scope) WHERE until <> -62135596800000000;
CREATE INDEX rbac_tickets_created ON rbac_tickets (api_key, created, id);
CREATE INDEX rbac_changes_action ON rbac_changes (action, revision, seq);
CREATE INDEX rbac_changes_scope ON rbac_changes (scope, revision, seq) WHERE scope <> '';
CREATE INDEX rbac_changes_behind ON rbac_changes (behind) WHERE behind <> 0;
CREATE INDEX rbac_links_expires ON rbac_links (expires, user_id, purpose);
CREATE INDEX rbac_logins_user ON rbac_logins (user_id, failed, first, id);
CREATE INDEX rbac_logins_first ON rbac_logins (failed, first, id);
