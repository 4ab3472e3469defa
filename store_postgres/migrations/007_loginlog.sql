-- The last logins of each user: successes one by one, failures counted together. A user who is deleted takes the logins along:
-- they are no rights, and the change log has no entries for them.
CREATE TABLE rbac_logins (
	id         UUID NOT NULL PRIMARY KEY,
	user_id    UUID NOT NULL REFERENCES rbac_users (id) ON DELETE CASCADE,
	failed     BOOLEAN NOT NULL,
	first      BIGINT NOT NULL,
	last       BIGINT NOT NULL,
	attempts   BIGINT NOT NULL,
	addr       TEXT COLLATE "C" NOT NULL,
	user_agent TEXT COLLATE "C" NOT NULL,
	method     TEXT COLLATE "C" NOT NULL,
	outcome    TEXT COLLATE "C" NOT NULL
);
CREATE INDEX rbac_logins_user ON rbac_logins (user_id, failed, first, id);
CREATE INDEX rbac_logins_first ON rbac_logins (failed, first, id);

INSERT INTO rbac_schema (version) VALUES (7);
