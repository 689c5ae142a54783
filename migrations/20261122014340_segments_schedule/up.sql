-- Expand: tier rules that work by themselves: with whose rights, by which job, and what came of it last.
ALTER TABLE segments ADD COLUMN schedule_job uuid, ADD COLUMN scheduled_by uuid, ADD COLUMN scheduled_session uuid, ADD COLUMN scheduled_purpose text,
    ADD COLUMN next_run_at timestamptz, ADD COLUMN last_run jsonb;
COMMENT ON COLUMN segments.scheduled_by IS 'Whoever last changed what is scheduled: the rule works with their rights as they are then.';
CREATE UNIQUE INDEX segments_by_schedule ON segments (organization_id, schedule_job) WHERE schedule_job IS NOT NULL;
