-- Expand: collection forms, their published versions, and what people sent by them.
CREATE TABLE forms (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'published', 'retired')),
    revision integer NOT NULL CHECK (revision > 0),
    version integer NOT NULL CHECK (version >= 0),
    content jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    published_at timestamptz,
    retired_at timestamptz,
    PRIMARY KEY (organization_id, id));
COMMENT ON COLUMN forms.content IS 'As it would be published next; what pages show stands in form_versions.';

CREATE TABLE form_versions (
    organization_id uuid NOT NULL,
    form_id uuid NOT NULL,
    version integer NOT NULL,
    content jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    published_by uuid NOT NULL,
    PRIMARY KEY (organization_id, form_id, version),
    FOREIGN KEY (organization_id, form_id) REFERENCES forms);

CREATE TABLE form_submissions (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    form_id uuid NOT NULL,
    form_version integer NOT NULL,
    customer_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('entered', 'proposed', 'accepted', 'dismissed')),
    language text NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    sealed bytea,
    at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, form_id, form_version) REFERENCES form_versions);
COMMENT ON COLUMN form_submissions.sealed IS 'What was sent, under the key of the customer whom it is about; of what was decided, the guardian alone stays.';
COMMENT ON COLUMN form_submissions.digest IS 'Keyed digest of the request, by which a retry is told from another one.';
CREATE INDEX form_submissions_by_form ON form_submissions (organization_id, form_id, id);
CREATE INDEX form_submissions_by_customer ON form_submissions (organization_id, customer_id, id);

CREATE TABLE form_sources (
    organization_id uuid NOT NULL,
    form_id uuid NOT NULL,
    source bytea NOT NULL CHECK (length(source) = 32),
    since timestamptz NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (organization_id, form_id, source),
    FOREIGN KEY (organization_id, form_id) REFERENCES forms);
COMMENT ON TABLE form_sources IS 'Submissions of the running hour by keyed digest of the network address, and of the form as a whole.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['forms', 'form_versions', 'form_submissions', 'form_sources'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON forms TO custodian_server;
GRANT SELECT, INSERT ON form_versions TO custodian_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON form_submissions, form_sources TO custodian_server;
