-- Expand: duties to keep that stand against erasure, and whom each binds.
CREATE TABLE legal_holds (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('litigation', 'investigation', 'statutory')),
    basis text NOT NULL CHECK (length(basis) BETWEEN 1 AND 200),
    sealed_reason bytea NOT NULL,
    until_at timestamptz,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    released_at timestamptz,
    released_by uuid,
    PRIMARY KEY (organization_id, id),
    CHECK (kind <> 'statutory' OR until_at IS NOT NULL));
COMMENT ON COLUMN legal_holds.basis IS 'The article or the file number: no personal values.';
COMMENT ON COLUMN legal_holds.sealed_reason IS 'Why, as typed by a person; sealed with the organisation''s data key.';

CREATE TABLE legal_hold_customers (
    organization_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    PRIMARY KEY (organization_id, customer_id, hold_id),
    FOREIGN KEY (organization_id, hold_id) REFERENCES legal_holds);
CREATE INDEX legal_hold_customers_by_hold ON legal_hold_customers (organization_id, hold_id);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['legal_holds', 'legal_hold_customers'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON legal_holds TO custodian_server;
GRANT SELECT, INSERT ON legal_hold_customers TO custodian_server;
