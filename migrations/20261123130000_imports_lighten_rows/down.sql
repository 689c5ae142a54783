ALTER TABLE import_chunks ALTER sealed SET STORAGE EXTENDED;
ALTER TABLE customers RESET (toast_tuple_target);
ALTER TABLE customers ALTER fields SET STORAGE EXTENDED, ALTER tags SET STORAGE EXTENDED, ALTER wrapped_key SET STORAGE EXTENDED;

ALTER TABLE event_queue ADD CONSTRAINT event_queue_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations;
ALTER TABLE events ADD CONSTRAINT events_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations;
ALTER TABLE import_changes ADD CONSTRAINT import_changes_organization_id_import_id_fkey FOREIGN KEY (organization_id, import_id) REFERENCES imports;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['customers', 'blind_indexes', 'customer_versions', 'import_changes', 'audit_entries', 'audit_subjects', 'records', 'record_indexes',
        'events'] LOOP
        EXECUTE format('DROP POLICY organization ON %I', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
