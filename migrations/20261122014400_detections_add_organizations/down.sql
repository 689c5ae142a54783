DELETE FROM alerts WHERE actor_id IS NULL AND source IS NULL;
ALTER TABLE alerts DROP CONSTRAINT alerts_check;
ALTER TABLE alerts ADD CONSTRAINT alerts_check CHECK ((actor_id IS NULL) <> (source IS NULL));
DROP TABLE login_failure_peaks, login_failures;
