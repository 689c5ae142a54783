-- Expand: where a calendar is from, and whether somebody held it against the source.
ALTER TABLE privacy_calendars ADD COLUMN source text CHECK (length(source) BETWEEN 1 AND 500);
ALTER TABLE privacy_calendars ADD COLUMN verified boolean NOT NULL DEFAULT false;
