-- Expand: alarms about backups that are too old, which end by themselves once there is a fresh one.
ALTER TABLE alerts DROP CONSTRAINT alerts_check;
ALTER TABLE alerts ADD CONSTRAINT alerts_check CHECK (num_nonnulls(actor_id, source) =
    CASE WHEN rule IN ('distributed_password_spraying', 'backup_overdue', 'backup_drill_overdue') THEN 0 ELSE 1 END);
ALTER TABLE alerts DROP CONSTRAINT alerts_outcome_check;
ALTER TABLE alerts ADD CONSTRAINT alerts_outcome_check CHECK (outcome IN ('confirmed', 'harmless', 'resolved'));
COMMENT ON COLUMN alerts.outcome IS 'resolved: what it told of ended; nobody closed it.';
