-- Expand: restrictions of processing, each from a request, until it is lifted after a notice.
CREATE TABLE privacy_restrictions (
    organization_id uuid NOT NULL REFERENCES organizations,
    request_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    since timestamptz NOT NULL,
    announced_at timestamptz,
    lifted_at timestamptz,
    PRIMARY KEY (organization_id, request_id),
    FOREIGN KEY (organization_id, request_id) REFERENCES privacy_requests,
    CHECK (lifted_at IS NULL OR announced_at <= lifted_at));
CREATE INDEX privacy_restrictions_by_customer ON privacy_restrictions (organization_id, customer_id, since);
COMMENT ON COLUMN privacy_restrictions.announced_at IS 'When the person was told that it will be lifted (GDPR art. 18(3)); it is not lifted before.';
ALTER TABLE privacy_restrictions ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_restrictions FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON privacy_restrictions USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON privacy_restrictions TO custodian_server;
