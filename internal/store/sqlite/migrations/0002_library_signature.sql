-- The Secretariat's detached signature of a library version, empty where none
-- was asked for.
ALTER TABLE library ADD COLUMN signature BLOB NOT NULL DEFAULT x'';
