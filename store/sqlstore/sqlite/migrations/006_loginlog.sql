-- The last logins of each user: successes one by one, failures counted together. A user who is deleted takes the logins along:
-- they are no rights, and the change log has no entries for them.
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
CREATE INDEX rbac_logins_user ON rbac_logins (user_id, failed, first, id);
CREATE INDEX rbac_logins_first ON rbac_logins (failed, first, id);

INSERT INTO rbac_schema (version) VALUES (6);
