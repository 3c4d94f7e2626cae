-- The case that a message belongs to, '' for none, '-' for a notice of the
-- gateway that belongs to none. Of copies that clients kept before, nobody wrote
-- it down.
ALTER TABLE item ADD COLUMN case_file TEXT NOT NULL DEFAULT '';
UPDATE item SET case_file = known.case_file
	FROM (SELECT mail, max(case_file) AS case_file FROM event WHERE mail > 0 AND case_file <> '' GROUP BY mail) AS known
	WHERE known.mail = item.mail;
UPDATE item SET case_file = '-' WHERE case_file = ''
	AND mail IN (SELECT mail FROM event WHERE kind = 'notice-sent');

-- When the latest mail of a case came.
ALTER TABLE case_file ADD COLUMN last INTEGER NOT NULL DEFAULT 0;
UPDATE case_file SET last = opened;
UPDATE case_file SET last = known.last
	FROM (SELECT case_file, max(at) AS last FROM event
		WHERE kind = 'mail-accepted' AND case_file <> '' GROUP BY case_file) AS known
	WHERE known.case_file = case_file.id;

-- What keeps the mails of a case, or lets them go again, as it was said; the
-- latest of a case is in force. It is only ever added to.
CREATE TABLE case_hold (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	case_file TEXT NOT NULL,
	held      INTEGER NOT NULL, -- 1 or 0
	by        TEXT NOT NULL,
	at        INTEGER NOT NULL
) STRICT;
CREATE INDEX case_hold_case ON case_hold (case_file, id);
CREATE TRIGGER case_hold_unchanged BEFORE UPDATE ON case_hold
	BEGIN SELECT RAISE(ABORT, 'the holds of cases are only added to'); END;
CREATE TRIGGER case_hold_undeleted BEFORE DELETE ON case_hold
	BEGIN SELECT RAISE(ABORT, 'the holds of cases are only added to'); END;

-- What owners were told will go, one notice an owner at a time, and its mails.
CREATE TABLE removal (
	owner TEXT PRIMARY KEY,
	told  INTEGER NOT NULL, -- 0 while the notice is not delivered
	goes  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE removal_mail (
	owner TEXT NOT NULL REFERENCES removal ON DELETE CASCADE,
	mail  INTEGER NOT NULL,
	PRIMARY KEY (owner, mail)
) STRICT, WITHOUT ROWID;

-- What was removed: by which policy, after how many months, how much.
ALTER TABLE event ADD COLUMN policy TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN months INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN mails INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN octets INTEGER NOT NULL DEFAULT 0;
