-- An address may have a certificate of version 6, whose fingerprint has 64
-- digits, beside one of version 4, which has 40.
DROP INDEX certificate_published;
CREATE UNIQUE INDEX certificate_published ON certificate (local, domain, length(fingerprint)) WHERE withdrawn = 0;
