DELETE FROM access_review_lines WHERE kind = 'grant';
ALTER TABLE access_review_lines DROP CONSTRAINT access_review_lines_kind_check,
    ADD CONSTRAINT access_review_lines_kind_check CHECK (kind IN ('account', 'role', 'key'));
