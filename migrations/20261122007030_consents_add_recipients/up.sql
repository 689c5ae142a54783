-- Expand: a withdrawal stays open until every recipient of its purpose has acknowledged it.
CREATE TABLE withdrawal_recipients (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    third_party_id uuid NOT NULL,
    consent_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    purpose text NOT NULL,
    channel text NOT NULL,
    at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    PRIMARY KEY (organization_id, id, third_party_id));
COMMENT ON COLUMN withdrawal_recipients.id IS 'The event of the withdrawal.';
CREATE INDEX withdrawal_recipients_open ON withdrawal_recipients (organization_id, third_party_id, purpose, due_at) WHERE acknowledged_at IS NULL;
CREATE INDEX withdrawal_recipients_consent ON withdrawal_recipients (organization_id, consent_id);
ALTER TABLE withdrawal_recipients ENABLE ROW LEVEL SECURITY;
ALTER TABLE withdrawal_recipients FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON withdrawal_recipients USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON withdrawal_recipients TO custodian_server;
