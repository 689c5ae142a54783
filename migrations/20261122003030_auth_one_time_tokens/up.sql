-- Expand: one-time tokens of invitations and password resets, and the resets that were asked for.
CREATE TABLE one_time_tokens (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('invitation', 'password_reset')),
    digest bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users);
CREATE INDEX one_time_tokens_by_user ON one_time_tokens (organization_id, user_id, created_at);
COMMENT ON TABLE one_time_tokens IS 'A token that was used is gone from here.';
COMMENT ON COLUMN one_time_tokens.digest IS 'Keyed digest of the token; the token itself is in the letter alone.';

CREATE TABLE password_reset_requests (
    lookup bytea PRIMARY KEY,
    id uuid NOT NULL,
    requested_at timestamptz NOT NULL);
CREATE INDEX password_reset_requests_age ON password_reset_requests (requested_at);
COMMENT ON TABLE password_reset_requests IS 'Addresses whose password somebody forgot, until the letter is written. Global: written alike for an address that nobody has, so that the answer takes as long; keyed tags only.';

ALTER TABLE one_time_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE one_time_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON one_time_tokens USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON one_time_tokens TO custodian_server;
GRANT SELECT, INSERT, DELETE ON password_reset_requests TO custodian_server;
