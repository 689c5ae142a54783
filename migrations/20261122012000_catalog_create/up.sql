-- Expand: fields that organisations make, what they change of built-in ones, every version of them, and the rebuilding of indexes over stored customers.
CREATE TABLE catalogs (
    organization_id uuid PRIMARY KEY REFERENCES organizations,
    version bigint NOT NULL);
COMMENT ON TABLE catalogs IS 'Counts the changes of an organisation''s catalog: servers keep it in memory and ask for this number alone.';

CREATE TABLE catalog_fields (
    organization_id uuid NOT NULL REFERENCES organizations,
    record_type text NOT NULL,
    key text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_]{1,39}$'),
    place integer NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'retired')),
    content jsonb NOT NULL,
    below_floor boolean NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    PRIMARY KEY (organization_id, record_type, key));
COMMENT ON COLUMN catalog_fields.content IS 'The field without its key. A built-in field stands here once it was changed, as a whole.';
COMMENT ON COLUMN catalog_fields.below_floor IS 'Classified below what the law asks for, by a recorded exception.';

CREATE TABLE catalog_field_versions (
    organization_id uuid NOT NULL,
    record_type text NOT NULL,
    key text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL,
    content jsonb NOT NULL,
    changed text[] NOT NULL,
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    PRIMARY KEY (organization_id, record_type, key, version),
    FOREIGN KEY (organization_id, record_type, key) REFERENCES catalog_fields);

CREATE TABLE catalog_rebuilds (
    organization_id uuid NOT NULL,
    job_id uuid NOT NULL,
    key text NOT NULL,
    round smallint NOT NULL DEFAULT 1,
    after_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    since timestamptz NOT NULL,
    done bigint NOT NULL DEFAULT 0,
    repeated bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, job_id),
    FOREIGN KEY (organization_id, job_id) REFERENCES jobs);
COMMENT ON TABLE catalog_rebuilds IS 'How far a job has come that brings the indexes of stored customers in line with the catalog; the second round takes what was written meanwhile.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['catalogs', 'catalog_fields', 'catalog_field_versions', 'catalog_rebuilds'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON catalogs, catalog_fields, catalog_rebuilds TO custodian_server;
GRANT SELECT, INSERT ON catalog_field_versions TO custodian_server;
GRANT UPDATE (is_unique) ON blind_indexes TO custodian_server;
