REVOKE UPDATE (customer_id) ON record_indexes FROM custodian_server;
REVOKE UPDATE (customer_id, previous_fields) ON record_versions FROM custodian_server;
DROP TABLE customer_merges;
ALTER TABLE customers DROP COLUMN merged_into;
