-- What keeps a posting from becoming true twice. The receipt of the first is
-- in its event. Events are numbered in the order of their posting, so the
-- oldest keys are those with the lowest numbers.
CREATE TABLE once (
	event INTEGER PRIMARY KEY,
	key   BLOB NOT NULL UNIQUE,
	until INTEGER NOT NULL
) STRICT;

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

CREATE INDEX case_pending ON case_file (requester, asked, marks, opened) WHERE waiting <> '';

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
