-- Expand: how often a recipient was reminded of a withdrawal, and whether its word that it has acted was signed.
ALTER TABLE withdrawal_recipients ADD COLUMN reminded integer NOT NULL DEFAULT 0, ADD COLUMN signed boolean NOT NULL DEFAULT false;
