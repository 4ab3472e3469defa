-- API keys that outlive the disabling of their user. The mark was a reserved value of the key.
ALTER TABLE rbac_tickets ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
UPDATE rbac_tickets SET kept = 1 WHERE api_key = 1
	AND EXISTS (SELECT 1 FROM rbac_ticket_values WHERE ticket_id = rbac_tickets.id AND name = char(1) || 'kept');
DELETE FROM rbac_ticket_values WHERE name = char(1) || 'kept'
	AND ticket_id IN (SELECT id FROM rbac_tickets WHERE api_key = 1 AND kept = 1);

INSERT INTO rbac_schema (version) VALUES (7);
