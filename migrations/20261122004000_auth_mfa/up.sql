-- Expand: second factors, when a session last proved itself, and the roles that must show one.
ALTER TABLE sessions ADD COLUMN authenticated_at timestamptz, ADD COLUMN mfa_at timestamptz;
COMMENT ON COLUMN sessions.authenticated_at IS 'When the person last proved who it is, by any means; NULL is when the session began.';
COMMENT ON COLUMN sessions.mfa_at IS 'When a second factor was last shown in this session.';

CREATE TABLE mfa_totp (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    sealed_secret bytea NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    failed_at timestamptz,
    PRIMARY KEY (organization_id, user_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users);
COMMENT ON TABLE mfa_totp IS 'RFC 6238. The secret is sealed under the organisation''s data key; a step is accepted once, on whatever instance.';

CREATE TABLE mfa_recovery_codes (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    digest bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (organization_id, user_id, digest),
    FOREIGN KEY (organization_id, user_id) REFERENCES mfa_totp ON DELETE CASCADE);

CREATE TABLE mfa_challenges (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users);
COMMENT ON TABLE mfa_challenges IS 'Log-ins that have shown their first factor. A row goes when the second one is shown.';

CREATE TABLE mfa_required_roles (
    organization_id uuid NOT NULL REFERENCES organizations,
    role_code text NOT NULL,
    PRIMARY KEY (organization_id, role_code));

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['mfa_totp', 'mfa_recovery_codes', 'mfa_challenges', 'mfa_required_roles'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON mfa_totp TO custodian_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON mfa_recovery_codes TO custodian_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON mfa_challenges TO custodian_server; -- UPDATE for the lock alone
GRANT SELECT, INSERT, DELETE ON mfa_required_roles TO custodian_server;
