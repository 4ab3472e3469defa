-- API keys that outlive the disabling of their user. The mark was a reserved value of the key.
ALTER TABLE rbac_tickets ADD COLUMN kept BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE rbac_tickets SET kept = TRUE WHERE api_key
	AND EXISTS (SELECT 1 FROM rbac_ticket_values v WHERE v.ticket_id = rbac_tickets.id AND v.name = chr(1) || 'kept');
DELETE FROM rbac_ticket_values WHERE name = chr(1) || 'kept'
	AND ticket_id IN (SELECT id FROM rbac_tickets WHERE api_key AND kept);

INSERT INTO rbac_schema (version) VALUES (8);
