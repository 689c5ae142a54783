-- Expand: the ids of records that went with their customer, so that they are answered as erased. An older program erases without leaving them: its records
-- are answered as unknown.
CREATE TABLE erased_records (
    organization_id uuid NOT NULL,
    record_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    PRIMARY KEY (organization_id, record_id));
COMMENT ON TABLE erased_records IS 'Ids alone: neither type, time nor value of the record stays.';
ALTER TABLE erased_records ENABLE ROW LEVEL SECURITY;
ALTER TABLE erased_records FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON erased_records USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT ON erased_records TO custodian_server;
