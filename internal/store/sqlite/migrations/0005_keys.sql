-- The certificates that were handed in and are not published yet, one an
-- address. What becomes of them is in key_history.
CREATE TABLE key_request (
	local       TEXT NOT NULL,
	domain      TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	octets      BLOB NOT NULL,
	account     INTEGER NOT NULL,
	handed_in   INTEGER NOT NULL,
	nonce       BLOB NOT NULL,    -- SHA-256 of the code, 32 octets of 0 once it was used
	until       INTEGER NOT NULL, -- after it the code is void
	confirmed   INTEGER NOT NULL,
	approvals   TEXT NOT NULL,    -- a JSON array
	PRIMARY KEY (local, domain)
) STRICT;

-- It is only ever added to.
CREATE TABLE key_history (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	local       TEXT NOT NULL,
	domain      TEXT NOT NULL,
	at          INTEGER NOT NULL,
	act         TEXT NOT NULL,
	by          TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	answer      BLOB NOT NULL -- SHA-256 of what the directory answers from then on
) STRICT;
CREATE INDEX key_history_address ON key_history (local, domain, id);
CREATE TRIGGER key_history_unchanged BEFORE UPDATE ON key_history
	BEGIN SELECT RAISE(ABORT, 'the history of keys is only added to'); END;
CREATE TRIGGER key_history_undeleted BEFORE DELETE ON key_history
	BEGIN SELECT RAISE(ABORT, 'the history of keys is only added to'); END;

-- Who published the first certificates, and what else was answered, nobody
-- wrote down.
INSERT INTO key_history (local, domain, at, act, by, fingerprint, answer)
	SELECT local, domain, published, 'published', '', fingerprint, zeroblob(32) FROM certificate ORDER BY id;

ALTER TABLE party ADD COLUMN automatic_keys INTEGER NOT NULL DEFAULT 0;

-- Whether a certificate ended because another took its place: mail that was
-- sealed for it may still come for some days.
ALTER TABLE certificate ADD COLUMN replaced INTEGER NOT NULL DEFAULT 0;
UPDATE certificate SET replaced = 1 WHERE withdrawn > 0 AND EXISTS (SELECT 1 FROM certificate AS next
	WHERE next.local = certificate.local AND next.domain = certificate.domain
		AND next.id > certificate.id AND next.published = certificate.withdrawn);
