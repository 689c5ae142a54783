DROP TABLE import_changes;
ALTER TABLE imports DROP CONSTRAINT imports_format_check;
ALTER TABLE imports ADD CONSTRAINT imports_format_check CHECK (format IN ('csv', 'ndjson'));
ALTER TABLE imports DROP COLUMN undo_session_id;
ALTER TABLE imports DROP COLUMN undo_job_id;
ALTER TABLE imports DROP COLUMN utc_offset;
ALTER TABLE imports DROP COLUMN sheet;
ALTER TABLE imports DROP COLUMN on_conflict;
ALTER TABLE imports DROP COLUMN record_type;
