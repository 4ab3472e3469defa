-- Who owns a membership: '' is an administrator.
ALTER TABLE rbac_memberships ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT '';

INSERT INTO rbac_schema (version) VALUES (6);
