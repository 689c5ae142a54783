-- Expand: files that hang on customers: each sealed in pieces under a key of its own, which the customer's key seals. Erasing the customer deletes them, and without the
-- customer's key nothing opens them anyway.
CREATE TABLE attachments (
    organization_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    id uuid NOT NULL,
    record_id uuid,
    media_type text NOT NULL,
    size bigint NOT NULL CHECK (size > 0),
    chunks integer NOT NULL CHECK (chunks > 0),
    state text NOT NULL CHECK (state IN ('ready', 'held')),
    sealed_key bytea NOT NULL,
    sealed_facts bytea NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    PRIMARY KEY (organization_id, customer_id, id));
CREATE UNIQUE INDEX attachments_by_id ON attachments (organization_id, id) INCLUDE (size);
COMMENT ON COLUMN attachments.state IS 'held: nobody takes it away before a scanner has looked through it.';
COMMENT ON COLUMN attachments.sealed_key IS 'The key of the file, sealed under the customer''s data key.';
COMMENT ON COLUMN attachments.sealed_facts IS 'Name, size, pieces, state and digest, sealed under the customer''s data key: what stands beside them in the clear is held against it.';

CREATE TABLE attachment_chunks (
    organization_id uuid NOT NULL,
    attachment_id uuid NOT NULL,
    sequence integer NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (organization_id, attachment_id, sequence));
ALTER TABLE attachment_chunks ALTER COLUMN sealed SET STORAGE EXTERNAL;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['attachments', 'attachment_chunks'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON attachments TO custodian_server;
GRANT SELECT, INSERT, DELETE ON attachment_chunks TO custodian_server;
