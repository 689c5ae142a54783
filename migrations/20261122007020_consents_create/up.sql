-- Expand: consents, append-only, with every event; and, beside them, what stands now, which decisions read.
CREATE TABLE consents (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    purpose text NOT NULL,
    purpose_version integer NOT NULL,
    channel text NOT NULL,
    notice_id uuid NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('given', 'refused')),
    evidence jsonb NOT NULL,
    guardian jsonb,
    at timestamptz NOT NULL,
    expires_at timestamptz,
    by_kind text NOT NULL,
    by_id uuid NOT NULL,
    PRIMARY KEY (organization_id, id));
CREATE INDEX consents_customer ON consents (organization_id, customer_id, id);
COMMENT ON COLUMN consents.channel IS 'The way of contact that it covers; * for all of the purpose.';
COMMENT ON COLUMN consents.evidence IS 'Method, reference, SHA-256 and place: codes and ids, no personal values.';

CREATE TABLE consent_events (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    consent_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    purpose text NOT NULL,
    channel text NOT NULL,
    state text NOT NULL CHECK (state IN ('given', 'refused', 'withdrawn', 'superseded')),
    notice_id uuid NOT NULL,
    at timestamptz NOT NULL,
    expires_at timestamptz,
    by_kind text NOT NULL,
    by_id uuid NOT NULL,
    reason bytea,
    PRIMARY KEY (organization_id, id));
CREATE INDEX consent_events_at ON consent_events (organization_id, customer_id, purpose, channel, at);
COMMENT ON COLUMN consent_events.reason IS 'Sealed with the organisation''s data key: why, as typed by a person.';

CREATE TABLE consent_states (
    organization_id uuid NOT NULL REFERENCES organizations,
    customer_id uuid NOT NULL,
    purpose text NOT NULL,
    channel text NOT NULL,
    consent_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('given', 'refused', 'withdrawn', 'superseded')),
    notice_id uuid NOT NULL,
    at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (organization_id, customer_id, purpose, channel));
COMMENT ON TABLE consent_states IS 'The last event of each customer, purpose and channel.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['consents', 'consent_events', 'consent_states'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON consents, consent_events TO custodian_server;
GRANT SELECT, INSERT, UPDATE ON consent_states TO custodian_server;
