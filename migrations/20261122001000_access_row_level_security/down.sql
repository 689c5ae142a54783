DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT tablename FROM pg_policies WHERE schemaname = 'public' AND policyname = 'organization' LOOP
        EXECUTE format('DROP POLICY organization ON %I', t.tablename);
        EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', t.tablename);
        EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', t.tablename);
    END LOOP;
END $$;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM custodian_server;
GRANT SELECT, INSERT ON deployment, signing_keys TO custodian_server;
GRANT SELECT ON organizations, schema_migrations TO custodian_server;
GRANT SELECT, INSERT, DELETE ON credential_lookups TO custodian_server;
