-- What keeps a posting from becoming true twice stands beside the Message-ID by
-- which its case is found: both are written for each mail, at a place that is
-- anywhere in the table, and one place costs half of two. The receipt of the
-- first posting is in its event.
CREATE TABLE thread_and_once (
	message_id BLOB NOT NULL,    -- the first 16 octets of its SHA-256, or of a key without one
	once       BLOB NOT NULL,    -- the other 16 octets of the key, empty for none
	case_file  TEXT NOT NULL,    -- '' for none
	event      INTEGER NOT NULL, -- of the key
	until      INTEGER NOT NULL, -- after it the key is forgotten
	PRIMARY KEY (message_id, once, case_file)
) STRICT, WITHOUT ROWID;
INSERT INTO thread_and_once SELECT message_id, x'', case_file, 0, 0 FROM thread;
DROP TABLE thread;
ALTER TABLE thread_and_once RENAME TO thread;

ALTER TABLE event ADD COLUMN repeats TEXT NOT NULL DEFAULT ''; -- the pending case that asks the same

-- The digest of a request's marks, empty for none, and the Parties whose
-- answer is still to come, like asked parted by spaces.
ALTER TABLE case_file ADD COLUMN marks BLOB NOT NULL DEFAULT x'';
ALTER TABLE case_file ADD COLUMN waiting TEXT NOT NULL DEFAULT '';

-- Whose answer an earlier case waits for follows from its events. Asked and
-- peers hold codes of letters only, so they make a JSON array by themselves.
CREATE TABLE settled (
	case_file TEXT NOT NULL,
	party     TEXT NOT NULL,
	PRIMARY KEY (case_file, party)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO settled SELECT case_file, party FROM event
	WHERE kind = 'mail-accepted' AND type IN ('reply', 'refusal');
INSERT OR IGNORE INTO settled SELECT event.case_file, peer.value
	FROM event, json_each('["' || replace(event.peers, ' ', '","') || '"]') AS peer
	WHERE event.kind = 'mail-accepted' AND event.type = 'withdrawal';
UPDATE case_file SET waiting = coalesce((
	SELECT group_concat(party.value, ' ' ORDER BY party.key)
	FROM json_each('["' || replace(case_file.asked, ' ', '","') || '"]') AS party
	WHERE NOT EXISTS (SELECT 1 FROM settled
		WHERE settled.case_file = case_file.id AND settled.party = party.value)), '');
DROP TABLE settled;

-- It holds all that is asked of it: whether one is there costs no second search.
CREATE INDEX case_pending ON case_file (requester, asked, marks, opened, id, waiting) WHERE waiting <> '';

-- The languages of what the gateway writes, and the client certificates that
-- log an account in: 32 octets each.
ALTER TABLE party ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE credential ADD COLUMN pins BLOB NOT NULL DEFAULT x'';

-- The mailboxes of the gateway itself: what is written to the operator and to
-- the Secretariat. Nobody else can have the names.
UPDATE counter SET value = max(value, unixepoch()) WHERE name = 'uidvalidity';
INSERT INTO mailbox (owner, name, use, uidvalidity, uidnext, modseq, messages, unseen, deleted, size)
	SELECT own.column1, own.column2, own.column3, counter.value + own.column4, 1, 1, 0, 0, 0, 0
	FROM counter, (VALUES
		('postmaster', 'INBOX', '', 1), ('postmaster', 'Archive', '\Archive', 2),
		('secretariat', 'INBOX', '', 3), ('secretariat', 'Archive', '\Archive', 4)) AS own
	WHERE counter.name = 'uidvalidity';
UPDATE counter SET value = value + 4 WHERE name = 'uidvalidity';
