-- Expand: when somebody was erased, whom a bucket key still wraps, and the rights that an erasure needs on what goes with the person.
ALTER TABLE customers ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN customers.erased_at IS 'Since then the row is a tombstone: no values, no tags, no key.';
CREATE INDEX customers_by_bucket ON customers (organization_id, substr(wrapped_key, 1, 8));
GRANT DELETE ON access_grant_customers, access_request_customers TO custodian_server;
GRANT UPDATE (reason) ON consent_events TO custodian_server;
