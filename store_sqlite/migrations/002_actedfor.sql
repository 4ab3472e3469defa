-- Whether the program asked for the actor of a change by name. Changes that were made before are not marked.
ALTER TABLE rbac_changes ADD COLUMN acted_for INTEGER NOT NULL DEFAULT 0;

INSERT INTO rbac_schema (version) VALUES (2);
