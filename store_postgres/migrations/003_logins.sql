-- The idle limit of a ticket is kept with the ticket, so that all processes agree on when it ends, whatever their
-- configurations. Tickets from before, which did not say, get one hour, the default of Config.IdleLimit. API keys ignore it.
ALTER TABLE rbac_tickets ADD COLUMN idle BIGINT NOT NULL DEFAULT 3600000000; -- microseconds
DROP INDEX rbac_tickets_seen;
CREATE INDEX rbac_tickets_idle ON rbac_tickets (api_key, (last_seen + idle));

-- Changes that a user causes without an administrator are paced; see UserRecord.PacedUntil.
ALTER TABLE rbac_users ADD COLUMN paced_until BIGINT NOT NULL DEFAULT -62135596800000000;

-- Whether the program asked for the actor of a change by name. Changes that were made before are not marked.
ALTER TABLE rbac_changes ADD COLUMN acted_for BOOLEAN NOT NULL DEFAULT false;

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

INSERT INTO rbac_schema (version) VALUES (3);
