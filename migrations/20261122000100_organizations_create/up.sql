-- Expand: the first migration. Every table names its organisation first; the few global ones say why they are global.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'custodian_server') THEN
        CREATE ROLE custodian_server NOLOGIN NOBYPASSRLS;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO custodian_server;

CREATE TABLE deployment (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    key_check_value bytea NOT NULL,
    root_key_version integer NOT NULL,
    created_at timestamptz NOT NULL);
COMMENT ON TABLE deployment IS 'Which root key this database belongs to. Global: one row for the whole deployment.';

CREATE TABLE organizations (
    organization_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL);
COMMENT ON TABLE organizations IS 'The tenants. Global: jobs and start-up checks walk it; it holds no personal data.';

CREATE TABLE credential_lookups (
    lookup bytea NOT NULL,
    organization_id uuid NOT NULL REFERENCES organizations,
    subject_id uuid NOT NULL,
    PRIMARY KEY (lookup, organization_id));
COMMENT ON TABLE credential_lookups IS 'Finds the organisation of a log-in address or an API key before any organisation is known. Global; holds keyed tags only.';

CREATE TABLE signing_keys (
    key_id text PRIMARY KEY,
    purpose text NOT NULL,
    public_key bytea NOT NULL,
    wrapped_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz);
COMMENT ON TABLE signing_keys IS 'Ed25519 keys, wrapped by the root key. Global: tokens are verified before an organisation is known.';

GRANT SELECT, INSERT ON deployment, signing_keys TO custodian_server;
GRANT SELECT ON organizations TO custodian_server;
GRANT SELECT, INSERT, DELETE ON credential_lookups TO custodian_server;
