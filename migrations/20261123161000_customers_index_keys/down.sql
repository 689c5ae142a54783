CREATE INDEX customers_by_bucket ON customers (organization_id, substr(wrapped_key, 1, 8));
DROP INDEX customers_by_key;
