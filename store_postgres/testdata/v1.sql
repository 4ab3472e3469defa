-- A database as version 1 of the tables left it. Never change this file: it stands for those
-- that are out there.
CREATE TABLE rbac_schema (
	version BIGINT PRIMARY KEY
);

CREATE TABLE rbac_head (
	one      BIGINT PRIMARY KEY CHECK (one = 1),
	revision BIGINT NOT NULL,
	nonce    BIGINT NOT NULL
);
INSERT INTO rbac_head (one, revision, nonce) VALUES (1, 0, 0);

CREATE TABLE rbac_users (
	id            UUID PRIMARY KEY,
	name          TEXT COLLATE "C" NOT NULL UNIQUE,
	email         TEXT COLLATE "C" NOT NULL,
	email_key     TEXT COLLATE "C" NOT NULL,
	subject       TEXT COLLATE "C" NOT NULL,
	display_name  TEXT COLLATE "C" NOT NULL,
	note          TEXT NOT NULL,
	disabled      BOOLEAN NOT NULL,
	password_hash TEXT NOT NULL,
	created       BIGINT NOT NULL,
	last_login    BIGINT NOT NULL
);
CREATE UNIQUE INDEX rbac_users_email ON rbac_users (email_key) WHERE email_key <> '';
CREATE UNIQUE INDEX rbac_users_subject ON rbac_users (subject) WHERE subject <> '';

CREATE TABLE rbac_sections (
	name     TEXT COLLATE "C" PRIMARY KEY,
	title    TEXT NOT NULL,
	position BIGINT NOT NULL
);

CREATE TABLE rbac_permissions (
	id          UUID PRIMARY KEY,
	name        TEXT COLLATE "C" NOT NULL UNIQUE,
	title       TEXT NOT NULL,
	description TEXT NOT NULL,
	section     TEXT COLLATE "C" NOT NULL, -- a name or '', and no reference
	position    BIGINT NOT NULL,
	object      TEXT NOT NULL,
	operation   TEXT NOT NULL,
	created     BIGINT NOT NULL
);

CREATE TABLE rbac_groups (
	id           UUID PRIMARY KEY,
	name         TEXT COLLATE "C" NOT NULL UNIQUE,
	display_name TEXT NOT NULL,
	note         TEXT NOT NULL,
	created      BIGINT NOT NULL
);

CREATE TABLE rbac_grants (
	group_id   UUID NOT NULL REFERENCES rbac_groups (id),
	permission TEXT COLLATE "C" NOT NULL, -- a name or a pattern, and no reference
	note       TEXT NOT NULL,
	granted_by TEXT NOT NULL,
	granted_at BIGINT NOT NULL,
	PRIMARY KEY (group_id, permission)
);
CREATE INDEX rbac_grants_permission ON rbac_grants (permission, group_id);

CREATE TABLE rbac_inheritances (
	senior_id UUID NOT NULL REFERENCES rbac_groups (id),
	junior_id UUID NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (senior_id, junior_id)
);
CREATE INDEX rbac_inheritances_junior ON rbac_inheritances (junior_id, senior_id);

CREATE TABLE rbac_declarations (
	kind TEXT COLLATE "C" NOT NULL,
	name TEXT COLLATE "C" NOT NULL,
	id   UUID NOT NULL,
	text TEXT NOT NULL,
	PRIMARY KEY (kind, name)
);

CREATE TABLE rbac_separations (
	dynamic     BOOLEAN NOT NULL,
	name        TEXT COLLATE "C" NOT NULL,
	cardinality BIGINT NOT NULL,
	PRIMARY KEY (dynamic, name)
);

CREATE TABLE rbac_separation_groups (
	dynamic  BOOLEAN NOT NULL,
	name     TEXT COLLATE "C" NOT NULL,
	group_id UUID NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (dynamic, name, group_id),
	FOREIGN KEY (dynamic, name) REFERENCES rbac_separations (dynamic, name)
);
CREATE INDEX rbac_separation_groups_group ON rbac_separation_groups (group_id, dynamic, name);

CREATE TABLE rbac_memberships (
	user_id     UUID NOT NULL REFERENCES rbac_users (id),
	group_id    UUID NOT NULL REFERENCES rbac_groups (id),
	scope       TEXT COLLATE "C" NOT NULL,
	note        TEXT NOT NULL,
	until       BIGINT NOT NULL,
	assigned_by TEXT NOT NULL,
	assigned_at BIGINT NOT NULL,
	PRIMARY KEY (user_id, group_id, scope)
);
CREATE INDEX rbac_memberships_group ON rbac_memberships (group_id, user_id, scope);

CREATE TABLE rbac_tickets (
	id         UUID PRIMARY KEY,
	user_id    UUID NOT NULL REFERENCES rbac_users (id),
	hash       BYTEA NOT NULL UNIQUE, -- the SHA-256 of the token
	label      TEXT NOT NULL,
	api_key    BOOLEAN NOT NULL,
	narrowed   BOOLEAN NOT NULL,
	created    BIGINT NOT NULL,
	last_seen  BIGINT NOT NULL,
	expires    BIGINT NOT NULL,
	addr       TEXT NOT NULL,
	user_agent TEXT NOT NULL
);
CREATE INDEX rbac_tickets_user ON rbac_tickets (user_id, created, id);
CREATE INDEX rbac_tickets_seen ON rbac_tickets (api_key, last_seen);
CREATE INDEX rbac_tickets_expires ON rbac_tickets (expires);

CREATE TABLE rbac_ticket_groups (
	ticket_id UUID NOT NULL REFERENCES rbac_tickets (id),
	group_id  UUID NOT NULL REFERENCES rbac_groups (id),
	PRIMARY KEY (ticket_id, group_id)
);
CREATE INDEX rbac_ticket_groups_group ON rbac_ticket_groups (group_id, ticket_id);

CREATE TABLE rbac_ticket_values (
	ticket_id UUID NOT NULL REFERENCES rbac_tickets (id) ON DELETE CASCADE,
	name      TEXT COLLATE "C" NOT NULL,
	value     TEXT NOT NULL,
	PRIMARY KEY (ticket_id, name)
);

CREATE TABLE rbac_throttles (
	key       BYTEA PRIMARY KEY,
	failures  BIGINT NOT NULL,
	halved    BIGINT NOT NULL,
	last      BIGINT NOT NULL,
	succeeded BIGINT NOT NULL
);
CREATE INDEX rbac_throttles_last ON rbac_throttles (last);

CREATE TABLE rbac_changes (
	revision    BIGINT NOT NULL,
	nonce       BIGINT NOT NULL,
	seq         BIGINT NOT NULL,
	at          BIGINT NOT NULL,
	actor       TEXT COLLATE "C" NOT NULL,
	verified    BOOLEAN NOT NULL,
	reason      TEXT NOT NULL,
	action      TEXT NOT NULL,
	subject     TEXT COLLATE "C" NOT NULL,
	object      TEXT COLLATE "C" NOT NULL,
	scope       TEXT NOT NULL,
	subject_id  UUID NOT NULL,
	object_id   UUID NOT NULL,
	before_json TEXT, -- NULL: there was no record
	after_json  TEXT,
	PRIMARY KEY (revision, seq)
);
CREATE INDEX rbac_changes_actor ON rbac_changes (actor, revision, seq);
CREATE INDEX rbac_changes_subject ON rbac_changes (subject, revision, seq);
CREATE INDEX rbac_changes_object ON rbac_changes (object, revision, seq);
CREATE INDEX rbac_changes_at ON rbac_changes (at, revision);

INSERT INTO rbac_schema (version) VALUES (1);

UPDATE rbac_head SET revision = 1, nonce = -2;
INSERT INTO rbac_users VALUES ('0a000000-0000-0000-0000-000000000001', '张三', 'Amy@example.com', 'amy@example.com', 'auth0|AbC', 'Amy', 'first', true, '$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA', 1767323045678901, -62135596800000000);
INSERT INTO rbac_sections VALUES ('posts', 'Posts', 3);
INSERT INTO rbac_permissions VALUES ('0a000000-0000-0000-0000-000000000002', 'post.edit', 'Edit', 'Edit posts', 'posts', 2, 'text', 'change', 1767323045678901);
INSERT INTO rbac_groups VALUES ('0a000000-0000-0000-0000-000000000003', 'editors', 'Editors', 'n', 1767323045678901);
INSERT INTO rbac_groups VALUES ('0a000000-0000-0000-0000-000000000004', 'managers', '', '', 1767323045678901);
INSERT INTO rbac_grants VALUES ('0a000000-0000-0000-0000-000000000003', 'post.*', 'g', 'root', 1767323045678901);
INSERT INTO rbac_inheritances VALUES ('0a000000-0000-0000-0000-000000000004', '0a000000-0000-0000-0000-000000000003');
INSERT INTO rbac_declarations VALUES ('group', 'editors', '0a000000-0000-0000-0000-000000000003', 'Editors');
INSERT INTO rbac_separations VALUES (true, 'cashiers', 2);
INSERT INTO rbac_separation_groups VALUES (true, 'cashiers', '0a000000-0000-0000-0000-000000000003');
INSERT INTO rbac_separation_groups VALUES (true, 'cashiers', '0a000000-0000-0000-0000-000000000004');
INSERT INTO rbac_memberships VALUES ('0a000000-0000-0000-0000-000000000001', '0a000000-0000-0000-0000-000000000003', 'org:42', 'm', 1767323045678901, 'root', 1767323045678901);
INSERT INTO rbac_tickets VALUES ('0a000000-0000-0000-0000-000000000005', '0a000000-0000-0000-0000-000000000001', '\x0102030000000000000000000000000000000000000000000000000000000000', 'key', true, true, 1767323045678901, 1767323045678901, 1767323045678901, '192.0.2.1', 'curl');
INSERT INTO rbac_ticket_groups VALUES ('0a000000-0000-0000-0000-000000000005', '0a000000-0000-0000-0000-000000000003');
INSERT INTO rbac_ticket_values VALUES ('0a000000-0000-0000-0000-000000000005', 'lang', '中文');
INSERT INTO rbac_throttles VALUES ('\x0900000000000000000000000000000000000000000000000000000000000000', 6, 1767323045678901, 1767323045678901, -62135596800000000);
INSERT INTO rbac_changes VALUES (1, -2, 0, 1767323045678901, 'root', true, 'why', 'AddUser', 'amy', 'o', 's', '0a000000-0000-0000-0000-000000000001', '0a000000-0000-0000-0000-000000000003', NULL, '{"Name":"amy"}');
