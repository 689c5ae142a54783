-- Expand: that a person opted out by a signal of the browser lasts, whether the signal comes again or not.
CREATE TABLE opt_outs (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    signal text NOT NULL CHECK (signal IN ('gpc')),
    at timestamptz NOT NULL,
    by_kind text NOT NULL,
    by_id uuid NOT NULL,
    PRIMARY KEY (organization_id, id));
CREATE INDEX opt_outs_customer ON opt_outs (organization_id, customer_id, at);
COMMENT ON COLUMN opt_outs.by_kind IS 'Kind of who passed the signal on.';
ALTER TABLE opt_outs ENABLE ROW LEVEL SECURITY;
ALTER TABLE opt_outs FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON opt_outs USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT ON opt_outs TO custodian_server;
