-- The last days of accounts, as they were set; the latest of an account is in
-- force. It is only ever added to.
CREATE TABLE account_term (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	account INTEGER NOT NULL REFERENCES account,
	until   TEXT NOT NULL, -- 2027-06-30, '' for no end
	set_by  TEXT NOT NULL,
	at      INTEGER NOT NULL
) STRICT;
CREATE TRIGGER account_term_unchanged BEFORE UPDATE ON account_term
	BEGIN SELECT RAISE(ABORT, 'the terms of accounts are only added to'); END;
CREATE TRIGGER account_term_undeleted BEFORE DELETE ON account_term
	BEGIN SELECT RAISE(ABORT, 'the terms of accounts are only added to'); END;
