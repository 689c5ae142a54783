REVOKE UPDATE (sealed_body) ON idempotency_keys FROM custodian_server;
ALTER TABLE erasures DROP COLUMN destroyed_at;
ALTER TABLE erasures DROP COLUMN passing_epoch;
DROP TABLE key_epochs;
