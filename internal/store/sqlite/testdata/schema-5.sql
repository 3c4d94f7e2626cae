-- The schema of version 5, with a little of everything. Never changed.

CREATE TABLE counter (
	name  TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE party (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	parent     TEXT NOT NULL,
	registered INTEGER NOT NULL,
	withdrawn  INTEGER NOT NULL
, language TEXT NOT NULL DEFAULT '', automatic_keys INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

CREATE TABLE account (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	login    TEXT NOT NULL UNIQUE,
	party    TEXT NOT NULL,
	kind     TEXT NOT NULL,
	name     TEXT NOT NULL,
	issued   INTEGER NOT NULL,
	disabled INTEGER NOT NULL
, language TEXT NOT NULL DEFAULT '') STRICT;

CREATE TABLE role_grant (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	account  INTEGER NOT NULL REFERENCES account,
	role     TEXT NOT NULL,
	given_by TEXT NOT NULL,
	given    INTEGER NOT NULL,
	ended_by TEXT NOT NULL,
	ended    INTEGER NOT NULL
) STRICT;

CREATE TABLE credential (
	account    INTEGER PRIMARY KEY REFERENCES account,
	salt       BLOB NOT NULL,
	iterations INTEGER NOT NULL,
	stored_key BLOB NOT NULL,
	server_key BLOB NOT NULL,
	issued     INTEGER NOT NULL
, pins BLOB NOT NULL DEFAULT x'') STRICT;

CREATE TABLE certificate (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	local       TEXT NOT NULL,
	domain      TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	octets      BLOB NOT NULL,
	published   INTEGER NOT NULL,
	withdrawn   INTEGER NOT NULL
, replaced INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE library (
	version   INTEGER PRIMARY KEY,
	text      BLOB NOT NULL,
	published INTEGER NOT NULL
, signature BLOB NOT NULL DEFAULT x'') STRICT;

CREATE TABLE mail (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	size    INTEGER NOT NULL,
	sha256  BLOB NOT NULL,
	summary BLOB NOT NULL, -- format: summary.go
	file    TEXT NOT NULL  -- '' where the octets are in body
) STRICT;

CREATE TABLE body (
	mail   INTEGER PRIMARY KEY REFERENCES mail ON DELETE CASCADE,
	octets BLOB NOT NULL
) STRICT;

CREATE TABLE mailbox (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	owner       TEXT NOT NULL,
	name        TEXT NOT NULL,
	use         TEXT NOT NULL,
	uidvalidity INTEGER NOT NULL UNIQUE,
	uidnext     INTEGER NOT NULL,
	modseq      INTEGER NOT NULL,
	messages    INTEGER NOT NULL,
	unseen      INTEGER NOT NULL,
	deleted     INTEGER NOT NULL,
	size        INTEGER NOT NULL,
	UNIQUE (owner, name)
) STRICT;

CREATE TABLE item (
	mailbox  INTEGER NOT NULL REFERENCES mailbox,
	uid      INTEGER NOT NULL,
	modseq   INTEGER NOT NULL,
	mail     INTEGER NOT NULL REFERENCES mail,
	flags    INTEGER NOT NULL,
	keywords TEXT NOT NULL, -- sorted, parted by spaces
	received INTEGER NOT NULL,
	size     INTEGER NOT NULL,
	reader   TEXT NOT NULL, -- the Party whose reading is still to be an event
	PRIMARY KEY (mailbox, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstone (
	mailbox INTEGER NOT NULL REFERENCES mailbox,
	modseq  INTEGER NOT NULL,
	uid     INTEGER NOT NULL,
	PRIMARY KEY (mailbox, modseq, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE unsubscribed (
	account INTEGER NOT NULL,
	mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,
	PRIMARY KEY (account, mailbox)
) STRICT, WITHOUT ROWID;

CREATE TABLE case_file (
	id        TEXT PRIMARY KEY,
	requester TEXT NOT NULL,
	asked     TEXT NOT NULL, -- Parties in the order they were asked, parted by spaces
	opened    INTEGER NOT NULL
, marks BLOB NOT NULL DEFAULT x'', waiting TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;

CREATE TABLE event (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	at        INTEGER NOT NULL,
	kind      TEXT NOT NULL,
	party     TEXT NOT NULL,
	account   INTEGER NOT NULL,
	peers     TEXT NOT NULL, -- sorted, parted by spaces
	mail      INTEGER NOT NULL,
	case_file TEXT NOT NULL,
	type      TEXT NOT NULL,
	uims      INTEGER NOT NULL,
	reason    TEXT NOT NULL,
	role      TEXT NOT NULL,
	pattern   TEXT NOT NULL,
	library   INTEGER NOT NULL
, repeats TEXT NOT NULL DEFAULT '') STRICT;

CREATE TABLE "thread" (
	message_id BLOB NOT NULL,    -- the first 16 octets of its SHA-256, or of a key without one
	once       BLOB NOT NULL,    -- the other 16 octets of the key, empty for none
	case_file  TEXT NOT NULL,    -- '' for none
	event      INTEGER NOT NULL, -- of the key
	until      INTEGER NOT NULL, -- after it the key is forgotten
	PRIMARY KEY (message_id, once, case_file)
) STRICT, WITHOUT ROWID;

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

CREATE UNIQUE INDEX certificate_published ON certificate (local, domain) WHERE withdrawn = 0;

CREATE UNIQUE INDEX mail_file ON mail (file) WHERE file <> '';

CREATE INDEX item_changed ON item (mailbox, modseq);

CREATE INDEX item_mail ON item (mail);

CREATE INDEX unsubscribed_mailbox ON unsubscribed (mailbox);

CREATE INDEX case_pending ON case_file (requester, asked, marks, opened, id, waiting) WHERE waiting <> '';

CREATE INDEX key_history_address ON key_history (local, domain, id);

CREATE TRIGGER key_history_unchanged BEFORE UPDATE ON key_history
	BEGIN SELECT RAISE(ABORT, 'the history of keys is only added to'); END;

CREATE TRIGGER key_history_undeleted BEFORE DELETE ON key_history
	BEGIN SELECT RAISE(ABORT, 'the history of keys is only added to'); END;

PRAGMA application_id = 0x47535031;
PRAGMA user_version = 5;

INSERT INTO counter VALUES ('uidvalidity', 1795478973);
INSERT INTO party VALUES ('ke', 'Kenya', '', 1000, 0, '', 0);
INSERT INTO account VALUES (1, 'customs1.ke', 'ke', 'officer', '', 1000, 0, '');
INSERT INTO credential VALUES (1, x'01', 4096, x'02', x'03', 1000, x'');
INSERT INTO mailbox VALUES (1, 'ke', 'INBOX', '', 7, 3, 4, 0, 0, 0, 0);
INSERT INTO mailbox VALUES (2, 'postmaster', 'INBOX', '', 1795478970, 1, 1, 0, 0, 0, 0);
INSERT INTO mailbox VALUES (3, 'postmaster', 'Archive', '\Archive', 1795478971, 1, 1, 0, 0, 0, 0);
INSERT INTO mailbox VALUES (4, 'secretariat', 'INBOX', '', 1795478972, 1, 1, 0, 0, 0, 0);
INSERT INTO mailbox VALUES (5, 'secretariat', 'Archive', '\Archive', 1795478973, 1, 1, 0, 0, 0, 0);
INSERT INTO case_file VALUES ('2026-DE-00001', 'fr', 'de ke', 1000, x'', 'de');
INSERT INTO case_file VALUES ('2026-DE-00003', 'fr', 'de ke', 3000, x'', '');
INSERT INTO case_file VALUES ('2026-KE-00002', 'fr', 'ke', 2000, x'', 'ke');
INSERT INTO case_file VALUES ('2026-KE-00004', 'fr', 'ke', 4000, x'', 'ke');
INSERT INTO event VALUES (1, 1000, 'mail-accepted', 'fr', 2, 'de ke', 1, '2026-DE-00001', 'request', 1, '', '', '', 1, '');
INSERT INTO event VALUES (2, 1001, 'mail-accepted', 'ke', 1, 'fr', 2, '2026-DE-00001', 'reply', 0, '', '', '', 1, '');
INSERT INTO event VALUES (3, 2000, 'mail-accepted', 'fr', 2, 'ke', 3, '2026-KE-00002', 'request', 1, '', '', '', 1, '');
INSERT INTO event VALUES (4, 2001, 'mail-accepted', 'ke', 1, 'fr', 4, '2026-KE-00002', 'partial-reply', 0, '', '', '', 1, '');
INSERT INTO event VALUES (5, 3000, 'mail-accepted', 'fr', 2, 'de ke', 5, '2026-DE-00003', 'request', 1, '', '', '', 1, '');
INSERT INTO event VALUES (6, 3001, 'mail-accepted', 'fr', 2, 'ke', 6, '2026-DE-00003', 'withdrawal', 0, '', '', '', 1, '');
INSERT INTO event VALUES (7, 3002, 'mail-accepted', 'de', 3, 'fr', 7, '2026-DE-00003', 'refusal', 0, '', '', '', 1, '');
INSERT INTO event VALUES (8, 4000, 'mail-accepted', 'fr', 2, 'ke', 8, '2026-KE-00004', 'request', 1, '', '', '', 1, '');
INSERT INTO key_request VALUES ('customs1.ke', 'gsp.example', 'AA', x'99', 1, 1000, x'0000000000000000000000000000000000000000000000000000000000000000', 2000, 1500, '[]');
INSERT INTO key_history VALUES (1, 'customs1.ke', 'gsp.example', 1000, 'handed-in', 'customs1.ke@gsp.example', 'AA', x'0000000000000000000000000000000000000000000000000000000000000000');
