-- Expand: one password on many accounts from many addresses shows in the organisation alone: whose log-ins failed lately, and how many that is on its days.
CREATE TABLE login_failures (
    organization_id uuid NOT NULL REFERENCES organizations,
    account bytea NOT NULL,
    source bytea NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, account, source));
CREATE INDEX login_failures_age ON login_failures (organization_id, at);
COMMENT ON TABLE login_failures IS 'Which of the organisation''s accounts log-ins failed for, and from which network address, for a day; keyed tags only.';

CREATE TABLE login_failure_peaks (
    organization_id uuid NOT NULL REFERENCES organizations,
    day date NOT NULL,
    accounts integer NOT NULL CHECK (accounts > 0),
    PRIMARY KEY (organization_id, day));
COMMENT ON COLUMN login_failure_peaks.accounts IS 'Accounts in the busiest window of the day (UTC) that raised no alarm: what is usual here.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['login_failures', 'login_failure_peaks'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON login_failures, login_failure_peaks TO custodian_server;

-- An alarm may be about the organisation as a whole: about neither a caller nor an address.
ALTER TABLE alerts DROP CONSTRAINT alerts_check;
ALTER TABLE alerts ADD CONSTRAINT alerts_check CHECK (num_nonnulls(actor_id, source) = CASE rule WHEN 'distributed_password_spraying' THEN 0 ELSE 1 END);
