-- Expand: the second fence. Forced, so that not even the owner reads across organisations by accident.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['organization_keys', 'key_buckets', 'departments', 'users', 'user_roles', 'sessions', 'third_parties', 'api_keys',
        'customers', 'blind_indexes', 'customer_versions', 'audit_entries', 'audit_subjects', 'jobs', 'idempotency_keys',
        'imports', 'import_chunks', 'import_errors'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON key_buckets, departments, users, sessions, third_parties, api_keys, customers, jobs, imports TO custodian_server;
GRANT SELECT, INSERT ON organization_keys, audit_entries, audit_subjects TO custodian_server;
GRANT SELECT, INSERT, DELETE ON user_roles, blind_indexes, customer_versions, idempotency_keys, import_chunks, import_errors TO custodian_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON job_queue TO custodian_server;
GRANT UPDATE ON organization_keys TO custodian_server;
