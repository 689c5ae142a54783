-- Expand: an export may be a de-identified copy; what is done to each field stands beside what was asked for, and is approved with it.
ALTER TABLE exports ADD COLUMN recipe jsonb, ADD COLUMN report jsonb;
COMMENT ON COLUMN exports.recipe IS 'What is done to each field, the quasi-identifiers and how many must look alike; none for a plain export.';
COMMENT ON COLUMN exports.report IS 'What came of it: the smallest class, how many classes there are, and how many rows were left out for want of others alike.';
