-- Expand: the record of who left, who took over, and what was done.
CREATE TABLE offboardings (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    successor_id uuid NOT NULL,
    offboarded_by uuid NOT NULL,
    offboarded_at timestamptz NOT NULL,
    steps jsonb NOT NULL,
    PRIMARY KEY (organization_id, user_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users,
    FOREIGN KEY (organization_id, successor_id) REFERENCES users);
COMMENT ON COLUMN offboardings.steps IS 'Step code to how many things it ended or handed over.';
ALTER TABLE offboardings ENABLE ROW LEVEL SECURITY;
ALTER TABLE offboardings FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON offboardings USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT ON offboardings TO custodian_server;
CREATE INDEX api_keys_by_creator ON api_keys (organization_id, created_by);
