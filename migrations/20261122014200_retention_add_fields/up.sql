-- Expand: policies by field, and warnings of records.
ALTER TABLE retention_policies ADD COLUMN field text;
COMMENT ON COLUMN retention_policies.field IS 'Values of this field alone, by its key; whoever or whatever has them stays.';
-- What a field was before goes with what it is.
GRANT UPDATE (previous_fields) ON customer_versions TO custodian_server;

CREATE TABLE retention_record_warnings (
    organization_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    record_id uuid NOT NULL,
    PRIMARY KEY (organization_id, customer_id, policy_id, record_id),
    FOREIGN KEY (organization_id, policy_id) REFERENCES retention_policies);
ALTER TABLE retention_record_warnings ENABLE ROW LEVEL SECURITY;
ALTER TABLE retention_record_warnings FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON retention_record_warnings USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON retention_record_warnings TO custodian_server;
