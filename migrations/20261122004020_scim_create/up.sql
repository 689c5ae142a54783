-- Expand: provisioning by SCIM 2.0.
CREATE TABLE scim_tokens (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    secret_digest bytea NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users);
COMMENT ON TABLE scim_tokens IS 'The secret itself is shown once and kept nowhere; its keyed digest is compared.';

CREATE TABLE scim_users (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    external_id text NOT NULL,
    PRIMARY KEY (organization_id, user_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users);
COMMENT ON TABLE scim_users IS 'What the identity provider calls an account.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['scim_tokens', 'scim_users'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON scim_tokens TO custodian_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON scim_users TO custodian_server;
