-- Times are milliseconds since 1970 in UTC, 0 for none. Sizes are octets.

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
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	login    TEXT NOT NULL UNIQUE,
	party    TEXT NOT NULL,
	kind     TEXT NOT NULL,
	name     TEXT NOT NULL,
	issued   INTEGER NOT NULL,
	disabled INTEGER NOT NULL
) STRICT;

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
) STRICT;

CREATE TABLE certificate (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	local       TEXT NOT NULL,
	domain      TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	octets      BLOB NOT NULL,
	published   INTEGER NOT NULL,
	withdrawn   INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX certificate_published ON certificate (local, domain) WHERE withdrawn = 0;

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

CREATE UNIQUE INDEX mail_file ON mail (file) WHERE file <> '';

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

CREATE INDEX item_changed ON item (mailbox, modseq);

CREATE INDEX item_mail ON item (mail);

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

CREATE INDEX unsubscribed_mailbox ON unsubscribed (mailbox);

CREATE TABLE case_file (
	id        TEXT PRIMARY KEY,
	requester TEXT NOT NULL,
	asked     TEXT NOT NULL, -- Parties in the order they were asked, parted by spaces
	opened    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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
) STRICT;

CREATE TABLE "thread" (
	message_id BLOB NOT NULL, -- the first 16 octets of its SHA-256
	case_file  TEXT NOT NULL,
	PRIMARY KEY (message_id, case_file)
) STRICT, WITHOUT ROWID;

PRAGMA application_id = 0x47535031;
PRAGMA user_version = 3;

INSERT INTO counter VALUES ('uidvalidity', 7);
INSERT INTO mailbox VALUES (1, 'ke', 'INBOX', '', 7, 3, 4, 0, 0, 0, 0);

INSERT INTO party VALUES ('ke', 'Kenya', '', 1000, 0);
INSERT INTO account VALUES (1, 'customs1.ke', 'ke', 'officer', '', 1000, 0);
INSERT INTO credential VALUES (1, x'01', 4096, x'02', x'03', 1000);

-- Of four cases one has a reply of one of two Parties, one a partial reply, one
-- is withdrawn from one of two and declined by the other, one has nothing.
INSERT INTO case_file VALUES
	('2026-DE-00001', 'fr', 'de ke', 1000), ('2026-KE-00002', 'fr', 'ke', 2000),
	('2026-DE-00003', 'fr', 'de ke', 3000), ('2026-KE-00004', 'fr', 'ke', 4000);
INSERT INTO event (at, kind, party, account, peers, mail, case_file, type, uims, reason, role, pattern, library) VALUES
	(1000, 'mail-accepted', 'fr', 2, 'de ke', 1, '2026-DE-00001', 'request', 1, '', '', '', 1),
	(1001, 'mail-accepted', 'ke', 1, 'fr', 2, '2026-DE-00001', 'reply', 0, '', '', '', 1),
	(2000, 'mail-accepted', 'fr', 2, 'ke', 3, '2026-KE-00002', 'request', 1, '', '', '', 1),
	(2001, 'mail-accepted', 'ke', 1, 'fr', 4, '2026-KE-00002', 'partial-reply', 0, '', '', '', 1),
	(3000, 'mail-accepted', 'fr', 2, 'de ke', 5, '2026-DE-00003', 'request', 1, '', '', '', 1),
	(3001, 'mail-accepted', 'fr', 2, 'ke', 6, '2026-DE-00003', 'withdrawal', 0, '', '', '', 1),
	(3002, 'mail-accepted', 'de', 3, 'fr', 7, '2026-DE-00003', 'refusal', 0, '', '', '', 1),
	(4000, 'mail-accepted', 'fr', 2, 'ke', 8, '2026-KE-00004', 'request', 1, '', '', '', 1);
