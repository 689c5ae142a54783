DELETE FROM mail_queue WHERE id IN (SELECT id FROM mail_outbox WHERE user_id IS NULL);
DELETE FROM mail_outbox WHERE user_id IS NULL;
ALTER TABLE mail_outbox DROP COLUMN customer_id, ALTER COLUMN user_id SET NOT NULL;
