ALTER TABLE event_heads DROP COLUMN checkpoint_size;
