DROP INDEX retention_runs_all;
DROP INDEX records_by_age;
ALTER TABLE retention_runs DROP COLUMN record_count;
UPDATE retention_policies SET state = 'paused' WHERE record_type IS NOT NULL OR purpose IS NOT NULL OR action = 'anonymise';
UPDATE retention_policies SET action = 'destroy' WHERE action = 'anonymise';
ALTER TABLE retention_policies DROP CONSTRAINT retention_policies_action_check;
ALTER TABLE retention_policies ADD CONSTRAINT retention_policies_action_check CHECK (action IN ('warn', 'archive', 'destroy'));
ALTER TABLE retention_policies DROP COLUMN record_type, DROP COLUMN record_state, DROP COLUMN purpose;
