-- Expand: the checklist of an account that the directory called inactive, as often as it does so. Offboarding happens once and has its own.
CREATE TABLE deactivations (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    deactivated_at timestamptz NOT NULL,
    deactivated_by uuid NOT NULL,
    successor_id uuid,
    steps jsonb NOT NULL,
    PRIMARY KEY (organization_id, user_id, deactivated_at),
    FOREIGN KEY (organization_id, user_id) REFERENCES users,
    FOREIGN KEY (organization_id, successor_id) REFERENCES users);
COMMENT ON COLUMN deactivations.successor_id IS 'Absent where nobody active was there to take anything over.';
COMMENT ON COLUMN deactivations.steps IS 'Step code to how many things it ended or handed over.';
ALTER TABLE deactivations ENABLE ROW LEVEL SECURITY;
ALTER TABLE deactivations FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON deactivations USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT ON deactivations TO custodian_server;
