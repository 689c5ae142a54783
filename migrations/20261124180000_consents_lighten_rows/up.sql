-- Expand: what a consent and a withdrawal cost. No foreign key asks for the organisation with every row, and locks it, although organisations are never deleted and
-- the fence lets nobody write for another than their own; the organisation is read once a statement and not once a row. The queue of jobs has no fence: it is
-- filled by the statement that adds the job.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['consents', 'consent_events', 'consent_states', 'withdrawal_recipients', 'security_ledger_queue', 'jobs'] LOOP
        EXECUTE format('ALTER POLICY organization ON %I WITH CHECK (organization_id = (SELECT NULLIF(current_setting(''app.organization_id'', true), '''')::uuid))', t);
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', t, t || '_organization_id_fkey');
    END LOOP;
END $$;
ALTER TABLE job_queue DROP CONSTRAINT job_queue_organization_id_fkey;
