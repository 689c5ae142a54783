-- Expand: filters that are kept, and how each person likes to see their list.
CREATE TABLE segments (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    shared boolean NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    filter jsonb NOT NULL,
    terms jsonb NOT NULL,
    tier jsonb,
    version integer NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES users);
COMMENT ON COLUMN segments.terms IS 'Values looked for, by field: none that singles out a person, so that nothing here is left of anybody who is erased.';
CREATE INDEX segments_by_owner ON segments (organization_id, owner_id, id);

CREATE TABLE views (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    columns text[] NOT NULL,
    sort text NOT NULL,
    filter jsonb NOT NULL,
    terms jsonb NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES users);
CREATE INDEX views_by_owner ON views (organization_id, owner_id, id);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['segments', 'views'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON segments, views TO custodian_server;
