-- Expand: files on their way in, sealed under a key of their own until the import has ended.
CREATE TABLE imports (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('create', 'upsert')),
    dry_run boolean NOT NULL,
    format text NOT NULL CHECK (format IN ('csv', 'ndjson')),
    encoding text NOT NULL CHECK (encoding IN ('utf-8', 'gb18030')),
    mapping jsonb NOT NULL,
    owner_id uuid NOT NULL,
    session_id uuid NOT NULL,
    key_version integer NOT NULL,
    wrapped_key bytea,
    chunks integer NOT NULL,
    rows_done bigint NOT NULL DEFAULT 0,
    created_count bigint NOT NULL DEFAULT 0,
    updated_count bigint NOT NULL DEFAULT 0,
    rejected_count bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES jobs);

CREATE TABLE import_chunks (
    organization_id uuid NOT NULL,
    import_id uuid NOT NULL,
    sequence integer NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (organization_id, import_id, sequence));

CREATE TABLE import_errors (
    organization_id uuid NOT NULL,
    import_id uuid NOT NULL,
    line bigint NOT NULL,
    field text NOT NULL,
    code text NOT NULL,
    PRIMARY KEY (organization_id, import_id, line, field, code));
COMMENT ON TABLE import_errors IS 'Line, field and code of each fault; never the value.';
