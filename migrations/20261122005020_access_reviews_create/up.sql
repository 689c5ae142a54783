-- Expand: campaigns that look at every account, every role that somebody holds and every key.
CREATE TABLE access_reviews (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    dormant_days integer NOT NULL CHECK (dormant_days BETWEEN 1 AND 3650),
    state text NOT NULL CHECK (state IN ('open', 'closed')),
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    closed_at timestamptz,
    result text,
    PRIMARY KEY (organization_id, id));
COMMENT ON COLUMN access_reviews.result IS 'The signed outcome: a JWS (RFC 7515) that verifies offline. Ids and codes alone.';

CREATE TABLE access_review_lines (
    organization_id uuid NOT NULL,
    review_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('account', 'role', 'key')),
    subject_id uuid NOT NULL,
    role_code text,
    flags text[] NOT NULL,
    unused_permissions text[] NOT NULL,
    last_used_at timestamptz,
    reviewer_id uuid,
    decision text CHECK (decision IN ('keep', 'revoke')),
    comment text CHECK (length(comment) <= 500),
    decided_by uuid,
    decided_at timestamptz,
    outcome text CHECK (outcome IN ('kept', 'revoked', 'revoked_unanswered', 'kept_last_administrator', 'gone')),
    PRIMARY KEY (organization_id, review_id, id),
    FOREIGN KEY (organization_id, review_id) REFERENCES access_reviews);
COMMENT ON COLUMN access_review_lines.subject_id IS 'The user or the key.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['access_reviews', 'access_review_lines'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON access_reviews, access_review_lines TO custodian_server;
