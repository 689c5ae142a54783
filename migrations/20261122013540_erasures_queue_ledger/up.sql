-- Expand: what the security ledger is to tell of beside erasures, until it does: ids and times only.
CREATE TABLE security_ledger_queue (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    kind text NOT NULL,
    object_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id));
COMMENT ON COLUMN security_ledger_queue.id IS 'The entry of the audit log that tells of it.';
ALTER TABLE security_ledger_queue ENABLE ROW LEVEL SECURITY;
ALTER TABLE security_ledger_queue FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON security_ledger_queue USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON security_ledger_queue TO custodian_server;
