-- Expand: retention policies, what each round of them did, whom it told of, and the clock that they go by.
CREATE TABLE retention_policies (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    stage text,
    since text NOT NULL CHECK (since IN ('created_at', 'updated_at', 'archived_at')),
    days integer NOT NULL CHECK (days BETWEEN 1 AND 36500),
    action text NOT NULL CHECK (action IN ('warn', 'archive', 'destroy')),
    state text NOT NULL CHECK (state IN ('dry_run', 'active', 'paused')),
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    activated_at timestamptz,
    activated_by uuid,
    PRIMARY KEY (organization_id, id));
COMMENT ON COLUMN retention_policies.days IS 'Whoever was not touched for so many days is due.';

CREATE TABLE retention_runs (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    policy_id uuid NOT NULL,
    action text NOT NULL,
    customer_count integer NOT NULL,
    erasure_ids uuid[] NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, policy_id) REFERENCES retention_policies);
COMMENT ON TABLE retention_runs IS 'The register of destruction: each erasure of it has a certificate of its own.';
CREATE INDEX retention_runs_by_policy ON retention_runs (organization_id, policy_id, id);

CREATE TABLE retention_warnings (
    organization_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    PRIMARY KEY (organization_id, policy_id, customer_id),
    FOREIGN KEY (organization_id, policy_id) REFERENCES retention_policies);

CREATE TABLE retention_clocks (
    organization_id uuid NOT NULL PRIMARY KEY REFERENCES organizations,
    seen_at timestamptz NOT NULL,
    stopped_at timestamptz);
COMMENT ON TABLE retention_clocks IS 'When the clock was last looked at, and since when a person''s word is waited for.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['retention_policies', 'retention_runs', 'retention_warnings', 'retention_clocks'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON retention_policies, retention_clocks TO custodian_server;
GRANT SELECT, INSERT ON retention_runs TO custodian_server;
GRANT SELECT, INSERT, DELETE ON retention_warnings TO custodian_server;
