-- Expand: which job decides whether what a field is building comes into force. Every one did before, and an older program does not name it.
ALTER TABLE catalog_rebuilds ADD COLUMN builds boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN catalog_rebuilds.builds IS 'What the field is building waits for this job. Others only bring tags in line, and decide about nothing.';
