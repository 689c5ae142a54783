-- Expand: recipients are told of erasures, too, by when to act, and reminded.
ALTER TABLE privacy_notifications ALTER COLUMN request_id DROP NOT NULL;
ALTER TABLE privacy_notifications ADD COLUMN erasure_id uuid;
ALTER TABLE privacy_notifications ADD COLUMN due_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '72 hours';
ALTER TABLE privacy_notifications ADD COLUMN reminded integer NOT NULL DEFAULT 0 CHECK (reminded BETWEEN 0 AND 2);
UPDATE privacy_notifications SET due_at = at + interval '72 hours';
ALTER TABLE privacy_notifications DROP CONSTRAINT privacy_notifications_kind_check;
ALTER TABLE privacy_notifications ADD CONSTRAINT privacy_notifications_kind_check CHECK (kind IN ('rectified', 'restricted', 'restriction_lifted', 'erased'));
ALTER TABLE privacy_notifications ADD CONSTRAINT privacy_notifications_of_one CHECK ((request_id IS NULL) <> (erasure_id IS NULL));
ALTER TABLE privacy_notifications ADD CONSTRAINT privacy_notifications_erasure_fkey FOREIGN KEY (organization_id, erasure_id) REFERENCES erasures;
CREATE INDEX privacy_notifications_by_erasure ON privacy_notifications (organization_id, erasure_id) WHERE erasure_id IS NOT NULL;
CREATE INDEX privacy_notifications_open ON privacy_notifications (organization_id, due_at) WHERE acknowledged_at IS NULL;
COMMENT ON COLUMN privacy_notifications.reminded IS '1: it was reminded, 2: it was said that it is late.';
