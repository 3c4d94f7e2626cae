-- Since when a case waits: since it was opened, or since a follow-up put another
-- question after all had answered. The cases that wait stand in that order.
ALTER TABLE case_file ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
UPDATE case_file SET since = opened;
DROP INDEX case_waiting;
CREATE INDEX case_waiting ON case_file (since, id) WHERE waiting <> '';
