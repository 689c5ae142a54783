ALTER TABLE self_sessions DROP COLUMN tag;
