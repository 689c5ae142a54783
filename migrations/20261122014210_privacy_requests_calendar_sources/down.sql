ALTER TABLE privacy_calendars DROP COLUMN verified;
ALTER TABLE privacy_calendars DROP COLUMN source;
