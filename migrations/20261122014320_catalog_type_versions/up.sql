-- Expand: what record types were called, and when they went out of use.
CREATE TABLE catalog_record_type_versions (
    organization_id uuid NOT NULL,
    code text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'retired')),
    label_en text NOT NULL,
    label_zh text NOT NULL,
    changed text[] NOT NULL,
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    PRIMARY KEY (organization_id, code, version),
    FOREIGN KEY (organization_id, code) REFERENCES catalog_record_types);
ALTER TABLE catalog_record_type_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE catalog_record_type_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON catalog_record_type_versions USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT ON catalog_record_type_versions TO custodian_server;
