-- Expand: erasures, from the wish to the certificate.
CREATE TABLE erasures (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('scheduled', 'blocked', 'erasing', 'erased')),
    ground text NOT NULL,
    privacy_request_id uuid,
    requested_at timestamptz NOT NULL,
    requested_by uuid NOT NULL,
    blocked_by uuid[] NOT NULL DEFAULT '{}',
    blocked_until timestamptz,
    erased_at timestamptz,
    fields text[] NOT NULL DEFAULT '{}',
    removed jsonb NOT NULL DEFAULT '{}',
    kept jsonb NOT NULL DEFAULT '{}',
    bucket integer,
    epoch bigint,
    ledger_sequence bigint,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, customer_id),
    CHECK (state IN ('scheduled', 'blocked') OR erased_at IS NOT NULL));
COMMENT ON COLUMN erasures.fields IS 'Keys of the fields that held a value.';
COMMENT ON COLUMN erasures.removed IS 'How many rows went, by what they were.';
COMMENT ON COLUMN erasures.kept IS 'How many rows stay, by what they are; the grounds are rules.';
COMMENT ON COLUMN erasures.epoch IS 'The epoch of the bucket key that wrapped the customer''s key; what it wrapped is gone once that epoch is destroyed.';
CREATE INDEX erasures_open ON erasures (organization_id, id) WHERE state <> 'erased';
ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasures FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON erasures USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON erasures TO custodian_server;
