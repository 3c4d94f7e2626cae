-- The quotas that were set, as they were set; the latest of an owner is in
-- force. It is only ever added to.
CREATE TABLE quota (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	owner  TEXT NOT NULL,
	octets INTEGER NOT NULL, -- 0 for the configured one, -1 for none
	set_by TEXT NOT NULL,
	at     INTEGER NOT NULL
) STRICT;
CREATE TRIGGER quota_unchanged BEFORE UPDATE ON quota
	BEGIN SELECT RAISE(ABORT, 'the quotas are only added to'); END;
CREATE TRIGGER quota_undeleted BEFORE DELETE ON quota
	BEGIN SELECT RAISE(ABORT, 'the quotas are only added to'); END;

-- Since when the use of owners is above the mark that is warned of.
CREATE TABLE filled (
	owner TEXT PRIMARY KEY,
	since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
