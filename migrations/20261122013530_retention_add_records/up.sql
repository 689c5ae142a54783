-- Expand: policies by record type, state and purpose; anonymising beside destroying.
ALTER TABLE retention_policies ADD COLUMN record_type text;
ALTER TABLE retention_policies ADD COLUMN record_state text;
ALTER TABLE retention_policies ADD COLUMN purpose text;
ALTER TABLE retention_policies DROP CONSTRAINT retention_policies_action_check;
ALTER TABLE retention_policies ADD CONSTRAINT retention_policies_action_check CHECK (action IN ('warn', 'archive', 'anonymise', 'destroy'));
ALTER TABLE retention_policies ADD CONSTRAINT retention_policies_of_records CHECK (record_type IS NOT NULL OR record_state IS NULL);
ALTER TABLE retention_runs ADD COLUMN record_count integer NOT NULL DEFAULT 0;
CREATE INDEX records_by_age ON records (organization_id, record_type, updated_at);
CREATE INDEX retention_runs_all ON retention_runs (organization_id, id);
COMMENT ON COLUMN retention_policies.record_type IS 'What hangs on customers, by its type; customers themselves when null.';
