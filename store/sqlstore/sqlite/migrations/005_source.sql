-- Who owns a membership: '' is an administrator.
ALTER TABLE rbac_memberships ADD COLUMN source TEXT NOT NULL DEFAULT '';

INSERT INTO rbac_schema (version) VALUES (5);
