-- One Message-ID may belong to several cases: a client that sends a copy to
-- each recipient opens one with each. Nobody can keep another's reply out of
-- its case by using the Message-ID first.
CREATE TABLE thread_of_cases (
	message_id BLOB NOT NULL, -- the first 16 octets of its SHA-256
	case_file  TEXT NOT NULL,
	PRIMARY KEY (message_id, case_file)
) STRICT, WITHOUT ROWID;
INSERT INTO thread_of_cases (message_id, case_file) SELECT message_id, case_file FROM thread;
DROP TABLE thread;
ALTER TABLE thread_of_cases RENAME TO thread;
