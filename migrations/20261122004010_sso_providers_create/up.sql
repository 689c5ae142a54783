-- Expand: single sign-on by OpenID Connect.
CREATE TABLE sso_providers (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    issuer text NOT NULL,
    client_id text NOT NULL,
    sealed_secret bytea,
    trusts_mfa boolean NOT NULL,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id));

CREATE TABLE sso_links (
    organization_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    subject_tag bytea NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, provider_id, subject_tag),
    UNIQUE (organization_id, provider_id, user_id),
    FOREIGN KEY (organization_id, provider_id) REFERENCES sso_providers ON DELETE CASCADE,
    FOREIGN KEY (organization_id, user_id) REFERENCES users);
COMMENT ON COLUMN sso_links.subject_tag IS 'Keyed tag of issuer and subject: the provider''s id of the person is not stored.';

CREATE TABLE sso_logins (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    provider_id uuid NOT NULL,
    browser_digest bytea NOT NULL,
    sealed_nonce bytea NOT NULL,
    sealed_verifier bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, provider_id) REFERENCES sso_providers ON DELETE CASCADE);
COMMENT ON TABLE sso_logins IS 'Log-ins that are at their provider. A row goes when its state comes back, whatever comes of it.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['sso_providers', 'sso_links', 'sso_logins'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON sso_providers TO custodian_server;
GRANT SELECT, INSERT, DELETE ON sso_links, sso_logins TO custodian_server;
