-- The idle limit of a ticket is kept with the ticket, so that all processes agree on when it ends, whatever their
-- configurations. Tickets from before, which did not say, get one hour, the default of Config.IdleLimit. API keys ignore it.
ALTER TABLE rbac_tickets ADD COLUMN idle INTEGER NOT NULL DEFAULT 3600000000; -- microseconds
DROP INDEX rbac_tickets_seen;
CREATE INDEX rbac_tickets_idle ON rbac_tickets (api_key, last_seen + idle);

-- Changes that a user causes without an administrator are paced; see UserRecord.PacedUntil.
ALTER TABLE rbac_users ADD COLUMN paced_until INTEGER NOT NULL DEFAULT -62135596800000000;

INSERT INTO rbac_schema (version) VALUES (2);
