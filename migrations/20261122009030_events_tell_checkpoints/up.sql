-- Expand: up to which size of the audit log webhooks were told of its checkpoints.
ALTER TABLE event_heads ADD COLUMN checkpoint_size bigint NOT NULL DEFAULT 0;
