-- Expand: record types of an organisation's own, and the names that it gives to built-in ones.
CREATE TABLE catalog_record_types (
    organization_id uuid NOT NULL REFERENCES organizations,
    code text NOT NULL CHECK (code ~ '^[a-z][a-z0-9_]{1,39}$'),
    place integer NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'retired')),
    label_en text NOT NULL,
    label_zh text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    PRIMARY KEY (organization_id, code));
COMMENT ON TABLE catalog_record_types IS 'Record types of an organisation''s own; a built-in one stands here once it was named anew.';
ALTER TABLE catalog_record_types ENABLE ROW LEVEL SECURITY;
ALTER TABLE catalog_record_types FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON catalog_record_types USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON catalog_record_types TO custodian_server;
