-- Expand: asking for access, who decides about it, and the rights that end by themselves.
CREATE TABLE access_requests (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('fields', 'emergency', 'export')),
    state text NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'cancelled', 'lapsed', 'expired', 'revoked')),
    requester_id uuid NOT NULL,
    fields text[] NOT NULL,
    classification text NOT NULL CHECK (classification IN ('public', 'internal', 'sensitive', 'core')),
    customer_count integer NOT NULL CHECK (customer_count >= 0),
    purpose text,
    sealed_reason bytea NOT NULL,
    duration_minutes integer NOT NULL CHECK (duration_minutes > 0),
    policy_id uuid,
    steps jsonb NOT NULL,
    step integer NOT NULL CHECK (step >= 0),
    step_started_at timestamptz NOT NULL,
    escalated boolean NOT NULL DEFAULT false,
    lapses_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, requester_id) REFERENCES users);
COMMENT ON COLUMN access_requests.steps IS 'The steps of the policy as they were when the request was made: array of {"approver", "timeout_minutes", "escalate_to"}.';
CREATE INDEX access_requests_open ON access_requests (organization_id, id) WHERE state = 'pending';
CREATE INDEX access_requests_by_requester ON access_requests (organization_id, requester_id, id);

CREATE TABLE access_request_customers (
    organization_id uuid NOT NULL,
    request_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    PRIMARY KEY (organization_id, request_id, customer_id),
    FOREIGN KEY (organization_id, request_id) REFERENCES access_requests);
COMMENT ON TABLE access_request_customers IS 'No reference to customers: whoever asks is not told whether somebody of an id exists.';

CREATE TABLE access_request_decisions (
    organization_id uuid NOT NULL,
    request_id uuid NOT NULL,
    step integer NOT NULL,
    approver_id uuid NOT NULL,
    on_behalf_of uuid,
    decision text NOT NULL CHECK (decision IN ('approve', 'deny')),
    sealed_comment bytea,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, request_id, step),
    UNIQUE (organization_id, request_id, approver_id),
    FOREIGN KEY (organization_id, request_id) REFERENCES access_requests);

CREATE TABLE access_grants (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('fields', 'emergency')),
    user_id uuid NOT NULL,
    fields text[] NOT NULL,
    purpose text,
    customer_count integer NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by uuid,
    first_used_at timestamptz,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, request_id),
    FOREIGN KEY (organization_id, request_id) REFERENCES access_requests,
    FOREIGN KEY (organization_id, user_id) REFERENCES users);
CREATE INDEX access_grants_by_user ON access_grants (organization_id, user_id, ends_at);

CREATE TABLE access_grant_customers (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    grant_id uuid NOT NULL,
    PRIMARY KEY (organization_id, user_id, customer_id, grant_id),
    FOREIGN KEY (organization_id, grant_id) REFERENCES access_grants);
CREATE INDEX access_grant_customers_by_customer ON access_grant_customers (organization_id, customer_id);

CREATE TABLE approval_policies (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    priority integer NOT NULL CHECK (priority BETWEEN 0 AND 1000000),
    conditions jsonb NOT NULL,
    steps jsonb NOT NULL,
    max_duration_minutes integer NOT NULL CHECK (max_duration_minutes > 0),
    lapse_after_minutes integer NOT NULL CHECK (lapse_after_minutes > 0),
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    PRIMARY KEY (organization_id, id));

CREATE TABLE approval_delegations (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    delegate_id uuid NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (user_id <> delegate_id),
    CHECK (from_at < until_at),
    FOREIGN KEY (organization_id, user_id) REFERENCES users,
    FOREIGN KEY (organization_id, delegate_id) REFERENCES users);
CREATE INDEX approval_delegations_by_user ON approval_delegations (organization_id, user_id, until_at);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['access_requests', 'access_request_customers', 'access_request_decisions', 'access_grants', 'access_grant_customers',
        'approval_policies', 'approval_delegations'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON access_requests, access_grants, approval_delegations TO custodian_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON approval_policies TO custodian_server;
GRANT SELECT, INSERT ON access_request_customers, access_request_decisions, access_grant_customers TO custodian_server;
