-- Expand: customers on their way to another owner, where they are too many for one transaction.
CREATE TABLE hand_overs (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    owner_id uuid,
    department_id uuid,
    follow_ups boolean NOT NULL,
    sealed_reason bytea NOT NULL,
    customer_ids uuid[] NOT NULL,
    handed_over integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    records integer NOT NULL DEFAULT 0,
    skipped integer NOT NULL DEFAULT 0,
    created_by uuid NOT NULL,
    session_id uuid NOT NULL,
    PRIMARY KEY (organization_id, id));
COMMENT ON COLUMN hand_overs.customer_ids IS 'Those who wait; empty at the end.';
ALTER TABLE hand_overs ENABLE ROW LEVEL SECURITY;
ALTER TABLE hand_overs FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON hand_overs USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON hand_overs TO custodian_server;
