-- Expand: what is due is told once as coming and once as late, and once a day in a letter to who sees to it.
ALTER TABLE users ADD COLUMN follow_up_letters boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN users.follow_up_letters IS 'Whether the person is written to about what is due.';
ALTER TABLE records ADD COLUMN due_told timestamptz, ADD COLUMN overdue_told timestamptz;
COMMENT ON COLUMN records.due_told IS 'The due moment that was told of as coming; another one is told of anew.';
CREATE INDEX records_to_remind ON records (organization_id, due_at, id)
    WHERE due_at IS NOT NULL AND NOT ended AND archived_at IS NULL AND overdue_told IS DISTINCT FROM due_at;

CREATE TABLE follow_up_days (
    organization_id uuid NOT NULL REFERENCES organizations,
    day date NOT NULL,
    PRIMARY KEY (organization_id, day));
COMMENT ON TABLE follow_up_days IS 'Days whose letters about what is due are written: whichever instance comes second writes none.';
ALTER TABLE follow_up_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE follow_up_days FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON follow_up_days USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON follow_up_days TO custodian_server;
