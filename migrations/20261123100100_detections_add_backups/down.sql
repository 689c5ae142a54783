DELETE FROM alerts WHERE rule IN ('backup_overdue', 'backup_drill_overdue');
ALTER TABLE alerts DROP CONSTRAINT alerts_outcome_check;
ALTER TABLE alerts ADD CONSTRAINT alerts_outcome_check CHECK (outcome IN ('confirmed', 'harmless'));
COMMENT ON COLUMN alerts.outcome IS NULL;
ALTER TABLE alerts DROP CONSTRAINT alerts_check;
ALTER TABLE alerts ADD CONSTRAINT alerts_check CHECK (num_nonnulls(actor_id, source) = CASE rule WHEN 'distributed_password_spraying' THEN 0 ELSE 1 END);
