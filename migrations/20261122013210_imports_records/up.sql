-- Expand: files of records as well as customers, workbooks, what gives way where a file and the data disagree, and what an import did, so that it can be undone.
ALTER TABLE imports ADD COLUMN record_type text NOT NULL DEFAULT 'customer';
ALTER TABLE imports ADD COLUMN on_conflict text NOT NULL DEFAULT 'overwrite' CHECK (on_conflict IN ('overwrite', 'fill', 'refuse'));
ALTER TABLE imports ADD COLUMN sheet text;
ALTER TABLE imports ADD COLUMN utc_offset text NOT NULL DEFAULT '+00:00';
ALTER TABLE imports ADD COLUMN undo_job_id uuid;
ALTER TABLE imports ADD COLUMN undo_session_id uuid;
ALTER TABLE imports DROP CONSTRAINT imports_format_check;
ALTER TABLE imports ADD CONSTRAINT imports_format_check CHECK (format IN ('csv', 'ndjson', 'xlsx'));

CREATE UNIQUE INDEX imports_undone_by ON imports (organization_id, undo_job_id) WHERE undo_job_id IS NOT NULL;

CREATE TABLE import_changes (
    organization_id uuid NOT NULL,
    import_id uuid NOT NULL,
    thing_id uuid NOT NULL,
    version integer NOT NULL,
    made boolean NOT NULL,
    kept text,
    PRIMARY KEY (organization_id, import_id, thing_id),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports);
COMMENT ON TABLE import_changes IS 'What an import made or changed and to which version, for as long as it can be undone; kept: why an undoing left it as it is.';
ALTER TABLE import_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON import_changes USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON import_changes TO custodian_server;
