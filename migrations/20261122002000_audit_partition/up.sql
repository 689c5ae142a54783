-- Expand: the log by months, so that old detail can be let go as a whole. Ids are UUIDv7 and carry the time; the columns stay as they were.
-- What was written before stays where it is, as the first partition: nothing is copied.
CREATE FUNCTION audit_month(month date) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (lpad(to_hex((extract(epoch FROM month::timestamp) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;
COMMENT ON FUNCTION audit_month(date) IS 'The least UUIDv7 of a month, in UTC.';

ALTER TABLE audit_entries NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_subjects NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_entries RENAME TO audit_entries_before;
ALTER TABLE audit_subjects RENAME TO audit_subjects_before;
ALTER INDEX audit_entries_pkey RENAME TO audit_entries_before_pkey;
ALTER INDEX audit_entries_by_customer RENAME TO audit_entries_before_by_customer;
ALTER INDEX audit_subjects_pkey RENAME TO audit_subjects_before_pkey;

CREATE TABLE audit_entries (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid,
    actor_id uuid NOT NULL,
    action text NOT NULL,
    verdict text NOT NULL,
    entry bytea NOT NULL,
    mac bytea NOT NULL,
    PRIMARY KEY (organization_id, id)) PARTITION BY RANGE (id);
CREATE INDEX audit_entries_by_customer ON audit_entries (organization_id, customer_id, id) WHERE customer_id IS NOT NULL;
COMMENT ON COLUMN audit_entries.entry IS 'The canonical bytes (RFC 8785). What is hashed is what is stored, never what Postgres renders.';
COMMENT ON COLUMN audit_entries.mac IS 'HMAC-SHA-256 over the canonical bytes, under a key derived from the root key.';

CREATE TABLE audit_subjects (
    organization_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    PRIMARY KEY (organization_id, customer_id, entry_id)) PARTITION BY RANGE (entry_id);
COMMENT ON TABLE audit_subjects IS 'Which customers an entry about several of them (a list, a search, an import) concerns.';

-- An id of a month that nobody made a partition for is kept all the same.
CREATE TABLE audit_entries_default PARTITION OF audit_entries DEFAULT;
CREATE TABLE audit_subjects_default PARTITION OF audit_subjects DEFAULT;

CREATE FUNCTION audit_fence(child text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', child);
    EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', child);
END $$;
COMMENT ON FUNCTION audit_fence(text) IS 'Puts a table under row-level security, as 20261122001000 did.';

CREATE FUNCTION audit_make_partitions(ahead integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    made integer := 0;
    month date;
    parent text;
    child text;
BEGIN
    IF ahead NOT BETWEEN 0 AND 24 THEN
        RAISE EXCEPTION 'partitions are made for at most 24 months ahead';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('audit_make_partitions', 0));
    FOR n IN 0..ahead LOOP
        month := (date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => n))::date;
        FOREACH parent IN ARRAY ARRAY['audit_entries', 'audit_subjects'] LOOP
            child := parent || to_char(month, '"_"YYYY_MM');
            CONTINUE WHEN to_regclass('public.' || quote_ident(child)) IS NOT NULL;
            BEGIN
                -- Attached rather than created in place: that would lock out every reader and writer of the log.
                EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMMENTS)', child, parent);
                PERFORM public.audit_fence(child);
                EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                    parent, child, public.audit_month(month), public.audit_month((month + interval '1 month')::date));
                made := made + 1;
            EXCEPTION WHEN check_violation OR invalid_object_definition THEN
                -- Rows of that month stand in another partition already, and stay there.
                NULL;
            END;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION audit_make_partitions(integer) IS 'Makes the partitions of this month and of so many after it. The server may call it; it may not create tables otherwise.';
REVOKE ALL ON FUNCTION audit_make_partitions(integer), audit_fence(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_make_partitions(integer) TO custodian_server;

DO $$
DECLARE
    border uuid := audit_month((date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + interval '1 month')::date);
    base text;
BEGIN
    FOREACH base IN ARRAY ARRAY['audit_entries', 'audit_subjects'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', base);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', base);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', base);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO custodian_server', base);
        EXECUTE format('REVOKE ALL ON %I FROM custodian_server', base || '_before');
        PERFORM audit_fence(base || '_default');
    END LOOP;
    IF EXISTS (SELECT FROM audit_entries_before) THEN
        ALTER TABLE audit_entries_before FORCE ROW LEVEL SECURITY;
        ALTER TABLE audit_subjects_before FORCE ROW LEVEL SECURITY;
        EXECUTE format('ALTER TABLE audit_entries ATTACH PARTITION audit_entries_before FOR VALUES FROM (MINVALUE) TO (%L)', border);
        EXECUTE format('ALTER TABLE audit_subjects ATTACH PARTITION audit_subjects_before FOR VALUES FROM (MINVALUE) TO (%L)', border);
    ELSE
        DROP TABLE audit_entries_before, audit_subjects_before;
    END IF;
END $$;
SELECT audit_make_partitions(3);
