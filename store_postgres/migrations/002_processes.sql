-- A row for each process that confirms, by writing it, that the server still has its standby: see
-- docs/consistency.md. Rows of processes that are gone are deleted after a day.
CREATE TABLE rbac_processes (
	id   UUID PRIMARY KEY,
	seen BIGINT NOT NULL -- microseconds, by the clock of the server
) WITH (fillfactor = 50);

INSERT INTO rbac_schema (version) VALUES (2);
