-- Expand: long work, and the answers kept for retried requests.
CREATE TABLE jobs (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed')),
    done bigint NOT NULL DEFAULT 0,
    total bigint,
    error_count bigint NOT NULL DEFAULT 0,
    result jsonb,
    failure text,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (organization_id, id));
CREATE INDEX jobs_by_creator ON jobs (organization_id, created_by, id);

CREATE TABLE job_queue (
    job_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    kind text NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    lease_token uuid,
    lease_until timestamptz);
CREATE INDEX job_queue_due ON job_queue (due_at);
COMMENT ON TABLE job_queue IS 'What is due, for workers of every instance. Global: a worker does not know the organisation before it claims; ids only.';

CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL REFERENCES organizations,
    caller_id uuid NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    rights_digest bytea NOT NULL,
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    sealed_body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, caller_id, key));
CREATE INDEX idempotency_keys_age ON idempotency_keys (organization_id, created_at);
