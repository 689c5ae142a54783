-- Expand: a person's session is bound to the contact point that its code went to, so that it ends with that one. One that an older program opened during an
-- upgrade is bound to none, and lives out its quarter of an hour.
ALTER TABLE self_sessions ADD COLUMN tag bytea;
COMMENT ON COLUMN self_sessions.tag IS 'Blind index of the contact point that opened it: the session ends when its customer does not carry it any more. NULL: bound to none.';
