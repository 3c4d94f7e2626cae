-- The Parties whose reading of a mail is still to be an event, parted by spaces.
-- They stood at each message, and to read one meant to look at all that show
-- the mail; item.reader is now but the Party that reads by reading it.
ALTER TABLE mail ADD COLUMN unread TEXT NOT NULL DEFAULT '';
UPDATE mail SET unread = (SELECT group_concat(reader, ' ')
		FROM (SELECT DISTINCT reader FROM item WHERE item.mail = mail.id AND reader <> ''))
	WHERE id IN (SELECT mail FROM item WHERE reader <> '');
