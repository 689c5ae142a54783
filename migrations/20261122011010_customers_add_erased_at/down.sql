REVOKE UPDATE (reason) ON consent_events FROM custodian_server;
REVOKE DELETE ON access_grant_customers, access_request_customers FROM custodian_server;
DROP INDEX customers_by_bucket;
ALTER TABLE customers DROP COLUMN erased_at;
