-- Links: single-use secrets, such as to choose a password. Only the hash is stored.
CREATE TABLE rbac_links (
	user_id UUID NOT NULL REFERENCES rbac_users (id),
	purpose TEXT COLLATE "C" NOT NULL,
	hash    BYTEA NOT NULL UNIQUE,
	account BYTEA NOT NULL,
	created BIGINT NOT NULL,
	expires BIGINT NOT NULL,
	PRIMARY KEY (user_id, purpose)
);
CREATE INDEX rbac_links_expires ON rbac_links (expires, user_id, purpose);

-- When the user proved to read the e-mail address: -62135596800000000 is never.
ALTER TABLE rbac_users ADD COLUMN email_verified BIGINT NOT NULL DEFAULT -62135596800000000;

INSERT INTO rbac_schema (version) VALUES (5);
