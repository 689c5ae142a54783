-- Expand: requests of the people whom data is about, everything that happened to each, and what an organisation sets for itself.
CREATE TABLE privacy_requests (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    right_code text NOT NULL CHECK (right_code IN ('access', 'portability', 'rectification', 'erasure', 'restriction', 'objection', 'withdraw_consent', 'explanation')),
    jurisdiction text NOT NULL CHECK (jurisdiction IN ('CN', 'EU', 'US-CA')),
    state text NOT NULL CHECK (state IN ('received', 'verifying', 'in_progress', 'completed', 'rejected', 'cancelled')),
    customer_id uuid,
    requester text NOT NULL CHECK (requester IN ('subject', 'agent', 'guardian', 'relative')),
    channel text NOT NULL CHECK (channel IN ('email', 'phone', 'letter', 'in_person', 'web', 'self_service')),
    purposes text[] NOT NULL,
    sealed_details bytea,
    received_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    created_by_kind text NOT NULL,
    created_by uuid NOT NULL,
    acknowledge_by date,
    acknowledged_at timestamptz,
    due_on date NOT NULL,
    due_at timestamptz NOT NULL,
    warn_on date,
    window_ends_at timestamptz NOT NULL,
    extended_at timestamptz,
    paused_at timestamptz,
    paused_seconds bigint NOT NULL DEFAULT 0 CHECK (paused_seconds >= 0),
    proof text CHECK (proof IN ('code', 'document', 'in_person', 'signed_letter')),
    verified_at timestamptz,
    assignee_id uuid,
    duplicate_of uuid,
    ground text,
    article text,
    remedy jsonb,
    sealed_answer bytea,
    closed_at timestamptz,
    told integer NOT NULL DEFAULT 0 CHECK (told BETWEEN 0 AND 2),
    version integer NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (duplicate_of <> id),
    CHECK ((closed_at IS NULL) = (state IN ('received', 'verifying', 'in_progress'))));
CREATE INDEX privacy_requests_open ON privacy_requests (organization_id, due_at) WHERE closed_at IS NULL;
CREATE INDEX privacy_requests_by_customer ON privacy_requests (organization_id, customer_id, id) WHERE customer_id IS NOT NULL;
COMMENT ON TABLE privacy_requests IS 'No reference to customers: the log of requests outlives the person''s data. Never deleted by the server.';
COMMENT ON COLUMN privacy_requests.sealed_details IS 'Who asks, if not the person, and what was said: JSON sealed under the organisation''s data key; goes with the person.';
COMMENT ON COLUMN privacy_requests.window_ends_at IS 'An extension is possible before this moment.';
COMMENT ON COLUMN privacy_requests.told IS '1: it was said that it is due soon, 2: that it is overdue.';

CREATE TABLE privacy_request_events (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL,
    by_kind text NOT NULL,
    by_id uuid NOT NULL,
    details jsonb NOT NULL,
    PRIMARY KEY (organization_id, request_id, id),
    FOREIGN KEY (organization_id, request_id) REFERENCES privacy_requests);
COMMENT ON COLUMN privacy_request_events.details IS 'Codes, ids and dates, no personal values.';

CREATE TABLE privacy_codes (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    about uuid NOT NULL,
    digest bytea,
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id));
CREATE INDEX privacy_codes_about ON privacy_codes (organization_id, about, created_at);
COMMENT ON TABLE privacy_codes IS 'One-time codes: a keyed digest each; no digest where there was nobody to send one to.';

CREATE TABLE privacy_settings (
    organization_id uuid NOT NULL REFERENCES organizations,
    working_days integer NOT NULL CHECK (working_days BETWEEN 1 AND 30),
    rolls boolean NOT NULL,
    version integer NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    PRIMARY KEY (organization_id));

CREATE TABLE privacy_calendars (
    organization_id uuid NOT NULL REFERENCES organizations,
    jurisdiction text NOT NULL,
    year integer NOT NULL CHECK (year BETWEEN 2000 AND 2200),
    days_off date[] NOT NULL,
    days_worked date[] NOT NULL,
    PRIMARY KEY (organization_id, jurisdiction, year));

CREATE TABLE privacy_arrangements (
    organization_id uuid NOT NULL REFERENCES organizations,
    customer_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    PRIMARY KEY (organization_id, customer_id));
COMMENT ON TABLE privacy_arrangements IS 'Who arranged otherwise for the time after their death (PIPL art. 49).';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['privacy_requests', 'privacy_request_events', 'privacy_codes', 'privacy_settings', 'privacy_calendars', 'privacy_arrangements'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON privacy_requests, privacy_settings, privacy_calendars TO custodian_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON privacy_codes TO custodian_server;
GRANT SELECT, INSERT ON privacy_request_events, privacy_arrangements TO custodian_server;
