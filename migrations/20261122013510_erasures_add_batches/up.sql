-- Expand: erasures of many, proposed by one (a person, or the service where the law asks for it unasked) and decided by another; and what became of each.
CREATE TABLE erasure_batches (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    origin text NOT NULL CHECK (origin IN ('asked', 'unasked')),
    ground text NOT NULL,
    filter jsonb NOT NULL,
    sealed_reason bytea,
    state text NOT NULL CHECK (state IN ('pending', 'running', 'done', 'denied', 'cancelled')),
    customer_count integer NOT NULL CHECK (customer_count > 0),
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    job_id uuid,
    finished_at timestamptz,
    PRIMARY KEY (organization_id, id),
    CHECK (decided_by IS DISTINCT FROM requested_by OR state = 'cancelled'),
    CHECK (state NOT IN ('running', 'done') OR job_id IS NOT NULL));
CREATE INDEX erasure_batches_pending ON erasure_batches (organization_id, id) WHERE state = 'pending';
CREATE INDEX erasure_batches_by_job ON erasure_batches (organization_id, job_id) WHERE job_id IS NOT NULL;
COMMENT ON COLUMN erasure_batches.sealed_reason IS 'Why, as typed by a person; sealed with the organisation''s data key. None for what the service proposes by itself.';

CREATE TABLE erasure_batch_customers (
    organization_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    outcome text CHECK (outcome IN ('erased', 'erased_before', 'blocked', 'held', 'failed')),
    erasure_id uuid,
    held_by uuid[] NOT NULL DEFAULT '{}',
    at timestamptz,
    PRIMARY KEY (organization_id, batch_id, customer_id),
    FOREIGN KEY (organization_id, batch_id) REFERENCES erasure_batches);
CREATE INDEX erasure_batch_customers_by_customer ON erasure_batch_customers (organization_id, customer_id);
CREATE INDEX erasure_batch_customers_open ON erasure_batch_customers (organization_id, batch_id, customer_id) WHERE outcome IS NULL;
CREATE INDEX consent_states_withdrawn ON consent_states (organization_id, customer_id) WHERE state = 'withdrawn';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['erasure_batches', 'erasure_batch_customers'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON erasure_batches, erasure_batch_customers TO custodian_server;
