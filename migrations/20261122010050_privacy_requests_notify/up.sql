-- Expand: recipients are told of what was corrected, restricted and lifted, and acknowledge it.
CREATE TABLE privacy_notifications (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    third_party_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('rectified', 'restricted', 'restriction_lifted')),
    fields text[] NOT NULL,
    at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, request_id) REFERENCES privacy_requests);
CREATE INDEX privacy_notifications_by_request ON privacy_notifications (organization_id, request_id);
CREATE INDEX privacy_notifications_by_party ON privacy_notifications (organization_id, third_party_id, id);
COMMENT ON COLUMN privacy_notifications.fields IS 'Keys of the fields that were corrected, never their values.';
ALTER TABLE privacy_notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_notifications FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON privacy_notifications USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON privacy_notifications TO custodian_server;
