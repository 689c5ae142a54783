DROP INDEX segments_by_schedule;
ALTER TABLE segments DROP COLUMN schedule_job, DROP COLUMN scheduled_by, DROP COLUMN scheduled_session, DROP COLUMN scheduled_purpose,
    DROP COLUMN next_run_at, DROP COLUMN last_run;
