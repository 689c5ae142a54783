-- Expand: letters on their way out, written in the transaction of what they tell.
CREATE TABLE mail_outbox (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    sealed_letter bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users);
CREATE INDEX mail_outbox_by_user ON mail_outbox (organization_id, user_id);
COMMENT ON TABLE mail_outbox IS 'Letters to staff until they were handed to the mail server; then the row goes.';
COMMENT ON COLUMN mail_outbox.sealed_letter IS 'Address, subject and text, sealed under the organisation''s data key.';

CREATE TABLE mail_queue (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    lease_until timestamptz);
CREATE INDEX mail_queue_due ON mail_queue (due_at);
COMMENT ON TABLE mail_queue IS 'Which letter is due, for every instance. Global: a sender does not know the organisation before it claims; ids only.';

ALTER TABLE mail_outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE mail_outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON mail_outbox USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON mail_outbox TO custodian_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON mail_queue TO custodian_server;
