-- Expand: each round that destroyed something has a certificate, signed when it ended.
ALTER TABLE retention_runs ADD COLUMN certificate text;
COMMENT ON COLUMN retention_runs.certificate IS 'Compact JWS: what was destroyed, by which policy, how much, when. Counts and ids, no personal values.';
