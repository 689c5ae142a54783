ALTER TABLE job_queue ADD CONSTRAINT job_queue_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations;
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['consents', 'consent_events', 'consent_states', 'withdrawal_recipients', 'security_ledger_queue', 'jobs'] LOOP
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (organization_id) REFERENCES organizations', t, t || '_organization_id_fkey');
        EXECUTE format('DROP POLICY organization ON %I', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
