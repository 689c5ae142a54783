DROP TABLE retention_record_warnings;
REVOKE UPDATE (previous_fields) ON customer_versions FROM custodian_server;
DELETE FROM retention_runs r USING retention_policies p WHERE p.organization_id = r.organization_id AND p.id = r.policy_id AND p.field IS NOT NULL;
DELETE FROM retention_warnings w USING retention_policies p WHERE p.organization_id = w.organization_id AND p.id = w.policy_id AND p.field IS NOT NULL;
DELETE FROM retention_policies WHERE field IS NOT NULL;
ALTER TABLE retention_policies DROP COLUMN field;
