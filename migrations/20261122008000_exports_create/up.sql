-- Expand: files of customers, taken away once by whoever was allowed them.
CREATE TABLE exports (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    job_id uuid NOT NULL,
    requester_id uuid NOT NULL,
    session_id uuid NOT NULL,
    format text NOT NULL CHECK (format IN ('csv', 'xlsx', 'ndjson')),
    row_limit integer NOT NULL CHECK (row_limit BETWEEN 1 AND 1000000),
    filter jsonb NOT NULL,
    members integer NOT NULL,
    done integer NOT NULL DEFAULT 0,
    stage text NOT NULL CHECK (stage IN ('waiting', 'preparing', 'ready', 'downloaded', 'expired', 'failed')),
    key_version integer,
    wrapped_key bytea,
    row_count integer,
    left_out jsonb,
    sha256 bytea,
    size bigint,
    chunks integer,
    token_digest bytea,
    ready_at timestamptz,
    expires_at timestamptz,
    downloaded_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES access_requests);
COMMENT ON COLUMN exports.wrapped_key IS 'The file''s own data key, wrapped; gone with the file.';
CREATE INDEX exports_by_requester ON exports (organization_id, requester_id, id);
CREATE INDEX exports_by_job ON exports (organization_id, job_id);

CREATE TABLE export_members (
    organization_id uuid NOT NULL,
    export_id uuid NOT NULL,
    sequence integer NOT NULL,
    customer_ids uuid[] NOT NULL,
    shown uuid[],
    PRIMARY KEY (organization_id, export_id, sequence),
    FOREIGN KEY (organization_id, export_id) REFERENCES exports);
COMMENT ON TABLE export_members IS 'Whom the filter matched when the file was asked for, and who of them is in it; gone with the file.';

CREATE TABLE export_chunks (
    organization_id uuid NOT NULL,
    export_id uuid NOT NULL,
    sequence integer NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (organization_id, export_id, sequence),
    FOREIGN KEY (organization_id, export_id) REFERENCES exports);
-- What is sealed does not compress.
ALTER TABLE export_chunks ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE TABLE export_decoys (
    organization_id uuid NOT NULL,
    tag bytea NOT NULL CHECK (length(tag) = 32),
    export_id uuid NOT NULL,
    PRIMARY KEY (organization_id, tag),
    FOREIGN KEY (organization_id, export_id) REFERENCES exports);
COMMENT ON TABLE export_decoys IS 'Values that stand in one file alone, by keyed digest: a found one names the file. Kept when the file is gone.';
CREATE INDEX export_decoys_by_export ON export_decoys (organization_id, export_id);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['exports', 'export_members', 'export_chunks', 'export_decoys'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON exports TO custodian_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON export_members TO custodian_server;
GRANT SELECT, INSERT, DELETE ON export_chunks, export_decoys TO custodian_server;
