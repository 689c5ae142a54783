-- Expand: a second secret for a while, calls counted by the day, the last use.
ALTER TABLE api_keys ADD COLUMN previous_digest bytea, ADD COLUMN previous_until timestamptz, ADD COLUMN rotated_at timestamptz,
    ADD COLUMN last_used_at timestamptz, ADD COLUMN daily_quota integer CHECK (daily_quota > 0);
COMMENT ON COLUMN api_keys.secret_digest IS 'Keyed digest of the secret in force.';
COMMENT ON COLUMN api_keys.previous_digest IS 'Keyed digest of the secret before, which works until previous_until.';

CREATE TABLE api_key_usage (
    organization_id uuid NOT NULL,
    key_id uuid NOT NULL,
    day date NOT NULL,
    used integer NOT NULL,
    PRIMARY KEY (organization_id, key_id, day),
    FOREIGN KEY (organization_id, key_id) REFERENCES api_keys);
COMMENT ON TABLE api_key_usage IS 'Calls that instances drew from a key''s day, for keys with a quota.';
ALTER TABLE api_key_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key_usage FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON api_key_usage USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON api_key_usage TO custodian_server;
