COMMENT ON COLUMN customers.archived_at IS NULL;
ALTER TABLE customers DROP COLUMN shelved_at;
DROP TABLE customer_tags;
DROP TABLE tags;
