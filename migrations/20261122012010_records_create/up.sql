-- Expand: what hangs on a customer, sealed under the customer's key. Erasing a customer deletes its rows from records, record_versions and record_indexes:
-- customer_id is the second column of each primary key, so one DELETE ... WHERE organization_id = $1 AND customer_id = $2 on each does it.
-- In the clear stand moments, states and sums of trade that lists, reminders and reports need (see domain::records::open_facts), never who somebody is.
CREATE TABLE records (
    organization_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    id uuid NOT NULL,
    record_type text NOT NULL,
    version integer NOT NULL,
    owner_id uuid,
    at timestamptz NOT NULL,
    due_at timestamptz,
    state text,
    amount numeric(19, 4),
    currency text,
    ended boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    archived_at timestamptz,
    fields bytea NOT NULL,
    tags bytea NOT NULL,
    PRIMARY KEY (organization_id, customer_id, id));
CREATE UNIQUE INDEX records_by_id ON records (organization_id, id);
CREATE INDEX records_by_type ON records (organization_id, record_type, id);
CREATE INDEX records_due ON records (organization_id, due_at, id) WHERE due_at IS NOT NULL AND NOT ended AND archived_at IS NULL;
COMMENT ON COLUMN records.fields IS 'Packed sealed values, as in customers.fields, under the customer''s data key.';
COMMENT ON COLUMN records.at IS 'When it happened, or was entered.';

CREATE TABLE record_versions (
    organization_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    record_id uuid NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    actor_kind text NOT NULL,
    changed_fields text[] NOT NULL,
    previous_owner uuid,
    previous_fields bytea NOT NULL,
    PRIMARY KEY (organization_id, customer_id, record_id, version));

CREATE TABLE record_indexes (
    organization_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    record_id uuid NOT NULL,
    tag bytea NOT NULL,
    is_unique boolean NOT NULL,
    PRIMARY KEY (organization_id, customer_id, record_id, tag));
CREATE INDEX record_indexes_by_tag ON record_indexes (organization_id, tag, record_id);
CREATE UNIQUE INDEX record_indexes_unique ON record_indexes (organization_id, tag) WHERE is_unique;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['records', 'record_versions', 'record_indexes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON records TO custodian_server;
GRANT SELECT, INSERT, DELETE ON record_versions, record_indexes TO custodian_server;

ALTER TABLE catalog_rebuilds ADD COLUMN record_type text NOT NULL DEFAULT 'customer';
