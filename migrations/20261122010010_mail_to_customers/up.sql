-- Expand: letters to the people whom data is about, beside those to staff.
ALTER TABLE mail_outbox ALTER COLUMN user_id DROP NOT NULL, ADD COLUMN customer_id uuid, ADD CHECK (user_id IS NOT NULL OR customer_id IS NOT NULL);
CREATE INDEX mail_outbox_by_customer ON mail_outbox (organization_id, customer_id) WHERE customer_id IS NOT NULL;
COMMENT ON TABLE mail_outbox IS 'Letters until they were handed to the mail server; then the row goes.';
