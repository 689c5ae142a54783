-- Expand: epochs of bucket keys that were left, until and after they are destroyed; and what an erasure waits for.
CREATE TABLE key_epochs (
    organization_id uuid NOT NULL REFERENCES organizations,
    bucket integer NOT NULL CHECK (bucket BETWEEN 0 AND 65535),
    epoch bigint NOT NULL CHECK (epoch BETWEEN 1 AND 4294967295),
    commitment bytea NOT NULL,
    rewrapped bigint NOT NULL,
    retired_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    PRIMARY KEY (organization_id, bucket, epoch));
COMMENT ON TABLE key_epochs IS 'Epochs that nothing is wrapped by any more. The key itself is in the key store until destroyed_at, and nowhere after it.';
COMMENT ON COLUMN key_epochs.commitment IS 'SHA-256 over the key and its place: tells which key was destroyed, and nothing of it.';
ALTER TABLE erasures ADD COLUMN passing_epoch bigint;
COMMENT ON COLUMN erasures.passing_epoch IS 'The epoch of the bucket of what lives for a day (files on their way in, kept answers) when the customer was erased.';
ALTER TABLE erasures ADD COLUMN destroyed_at timestamptz;
ALTER TABLE key_epochs ENABLE ROW LEVEL SECURITY;
ALTER TABLE key_epochs FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON key_epochs USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON key_epochs TO custodian_server;
GRANT UPDATE (sealed_body) ON idempotency_keys TO custodian_server;
