-- Links: single-use secrets, such as to choose a password. Only the hash is stored.
CREATE TABLE rbac_links (
	user_id TEXT NOT NULL REFERENCES rbac_users (id),
	purpose TEXT NOT NULL,
	hash    BLOB NOT NULL UNIQUE,
	account BLOB NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	PRIMARY KEY (user_id, purpose)
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_links_expires ON rbac_links (expires, user_id, purpose);

-- When the user proved to read the e-mail address: -62135596800000000 is never.
ALTER TABLE rbac_users ADD COLUMN email_verified INTEGER NOT NULL DEFAULT -62135596800000000;

INSERT INTO rbac_schema (version) VALUES (4);
