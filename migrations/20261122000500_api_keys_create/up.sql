-- Expand: partner credentials and the third parties that hold them.
CREATE TABLE third_parties (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, name));

CREATE TABLE api_keys (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    third_party_id uuid NOT NULL,
    name text NOT NULL,
    secret_digest bytea NOT NULL,
    permissions text[] NOT NULL,
    fields text[] NOT NULL,
    purposes text[] NOT NULL,
    ip_ranges text[] NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, third_party_id) REFERENCES third_parties);
COMMENT ON TABLE api_keys IS 'The secret itself is shown once and kept nowhere; its keyed digest is compared.';
