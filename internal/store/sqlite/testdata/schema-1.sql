-- Times are milliseconds since 1970 in UTC, 0 for none. Sizes are octets.

CREATE TABLE counter (
	name  TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter VALUES ('uidvalidity', 0);

-- Who is who.

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

-- A row is never changed but to end it, so the table is its own history.
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
) STRICT;

-- The mails. What a list shows stands apart from the octets, so that reading
-- a list does not walk over them.

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

-- The mailboxes. The counters follow from item and are kept for speed.

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

-- The cases, and the mails by which a reply finds its case.

CREATE TABLE case_file (
	id        TEXT PRIMARY KEY,
	requester TEXT NOT NULL,
	asked     TEXT NOT NULL, -- Parties in the order they were asked, parted by spaces
	opened    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE thread (
	message_id BLOB PRIMARY KEY, -- the first 16 octets of its SHA-256
	case_file  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The log. It is only ever added to.

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

PRAGMA application_id = 0x47535031;
PRAGMA user_version = 1;

UPDATE counter SET value = 7;
INSERT INTO mailbox VALUES (1, 'ke', 'INBOX', '', 7, 3, 4, 0, 0, 0, 0);
