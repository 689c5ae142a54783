-- Expand: two rows about one person made one, and undone within a time.
ALTER TABLE customers ADD COLUMN merged_into uuid;
COMMENT ON COLUMN customers.merged_into IS 'The customer that this one is by now. Its values and past versions stay under its own key and go with that customer.';
CREATE INDEX customers_by_survivor ON customers (organization_id, merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE customer_merges (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    survivor_id uuid NOT NULL,
    merged_id uuid NOT NULL,
    survivor_version integer NOT NULL,
    moved jsonb NOT NULL,
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    undo_until timestamptz NOT NULL,
    undone_at timestamptz,
    undone_by uuid,
    PRIMARY KEY (organization_id, id));
CREATE INDEX customer_merges_by_survivor ON customer_merges (organization_id, survivor_id, id);
CREATE UNIQUE INDEX customer_merges_of ON customer_merges (organization_id, merged_id) WHERE undone_at IS NULL;
COMMENT ON COLUMN customer_merges.moved IS 'Keys of fields and ids of what went along, so that it can go back: no values.';
ALTER TABLE customer_merges ENABLE ROW LEVEL SECURITY;
ALTER TABLE customer_merges FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON customer_merges USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON customer_merges TO custodian_server;
GRANT UPDATE (customer_id, previous_fields) ON record_versions TO custodian_server;
GRANT UPDATE (customer_id) ON record_indexes TO custodian_server;
