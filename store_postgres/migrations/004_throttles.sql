-- Failed logins are counted anew: for each user, client and network, and no
-- longer for each pair of name and address.
DROP TABLE rbac_throttles;
CREATE TABLE rbac_throttles (
	key     BYTEA PRIMARY KEY,
	user_id UUID NOT NULL, -- no reference: the user may be gone
	last    BIGINT NOT NULL,
	until   BIGINT NOT NULL,
	state   TEXT NOT NULL
);
CREATE INDEX rbac_throttles_user ON rbac_throttles (user_id, last);
CREATE INDEX rbac_throttles_until ON rbac_throttles (until);

INSERT INTO rbac_schema (version) VALUES (4);
