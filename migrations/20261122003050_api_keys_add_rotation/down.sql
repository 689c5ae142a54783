DROP TABLE api_key_usage;
COMMENT ON COLUMN api_keys.secret_digest IS NULL;
ALTER TABLE api_keys DROP COLUMN previous_digest, DROP COLUMN previous_until, DROP COLUMN rotated_at, DROP COLUMN last_used_at, DROP COLUMN daily_quota;
