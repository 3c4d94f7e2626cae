-- The codes by which accounts decide on a request by mail: for each the number
-- of the account in 8 octets, and the SHA-256 of the code.
ALTER TABLE key_request ADD COLUMN codes BLOB NOT NULL DEFAULT x'';
