-- Expand: an organisation's own words for its customers, which of them each customer carries, and who lies in the archive.
CREATE TABLE tags (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[a-z0-9_]{1,40}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    retired_at timestamptz,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT tags_code UNIQUE (organization_id, code));
COMMENT ON TABLE tags IS 'Words in the clear that say nothing of who somebody is: held by a rule.';

CREATE TABLE customer_tags (
    organization_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    code text NOT NULL,
    PRIMARY KEY (organization_id, customer_id, code));
CREATE INDEX customer_tags_by_code ON customer_tags (organization_id, code, customer_id);

ALTER TABLE customers ADD COLUMN shelved_at timestamptz;
COMMENT ON COLUMN customers.shelved_at IS 'Since then it lies in the archive: left out of lists and searches unless asked for, read and changed as ever.';
COMMENT ON COLUMN customers.archived_at IS 'Since then it is deleted: nobody reads it, and its row stays for history, retention and erasure.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['tags', 'customer_tags'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON tags TO custodian_server;
GRANT SELECT, INSERT, DELETE ON customer_tags TO custodian_server;
