DELETE FROM privacy_notifications WHERE request_id IS NULL;
ALTER TABLE privacy_notifications DROP CONSTRAINT privacy_notifications_of_one;
ALTER TABLE privacy_notifications DROP CONSTRAINT privacy_notifications_kind_check;
ALTER TABLE privacy_notifications ADD CONSTRAINT privacy_notifications_kind_check CHECK (kind IN ('rectified', 'restricted', 'restriction_lifted'));
DROP INDEX privacy_notifications_open;
ALTER TABLE privacy_notifications DROP COLUMN erasure_id, DROP COLUMN due_at, DROP COLUMN reminded;
ALTER TABLE privacy_notifications ALTER COLUMN request_id SET NOT NULL;
