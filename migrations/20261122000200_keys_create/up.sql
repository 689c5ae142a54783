-- Expand: wrapped keys of each organisation, and the buckets that group customers under one bucket key.
CREATE TABLE organization_keys (
    organization_id uuid NOT NULL REFERENCES organizations,
    kind text NOT NULL CHECK (kind IN ('data', 'index_root')),
    version integer NOT NULL,
    wrapped_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, kind, version));
COMMENT ON TABLE organization_keys IS 'data: wrapped by bucket 0 of the key store; index_root: wrapped by the root key.';

CREATE TABLE key_buckets (
    organization_id uuid NOT NULL REFERENCES organizations,
    bucket integer NOT NULL CHECK (bucket BETWEEN 0 AND 65535),
    epoch bigint NOT NULL CHECK (epoch BETWEEN 1 AND 4294967295),
    reserved integer NOT NULL CHECK (reserved BETWEEN 0 AND 256),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, bucket));
COMMENT ON TABLE key_buckets IS 'The epoch in force of each bucket key, and how many of its 256 places were handed out. The keys are in the key store.';
