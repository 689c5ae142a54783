-- Expand: campaigns look at the rights that somebody was given for a while as well.
ALTER TABLE access_review_lines DROP CONSTRAINT access_review_lines_kind_check,
    ADD CONSTRAINT access_review_lines_kind_check CHECK (kind IN ('account', 'role', 'key', 'grant'));
COMMENT ON COLUMN access_review_lines.subject_id IS 'The user, the key or the right.';
