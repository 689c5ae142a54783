-- Expand: notices, each row a version, and the record of whom they were shown to.
CREATE TABLE notices (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'published', 'superseded')),
    revision integer NOT NULL,
    purposes text[] NOT NULL,
    from_others boolean NOT NULL,
    texts jsonb NOT NULL,
    material boolean NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    published_at timestamptz,
    published_by uuid,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, code, version));
COMMENT ON COLUMN notices.texts IS 'By BCP 47 language: title, text, where the text says each element, and the SHA-256 of the text.';
COMMENT ON COLUMN notices.material IS 'Its publication made consents that were given until then need renewal.';
CREATE UNIQUE INDEX notices_one_draft ON notices (organization_id, code) WHERE state = 'draft';
CREATE UNIQUE INDEX notices_one_published ON notices (organization_id, code) WHERE state = 'published';

CREATE TABLE notice_showings (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    notice_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    language text NOT NULL,
    channel text NOT NULL,
    sha256 text NOT NULL,
    at timestamptz NOT NULL,
    by_kind text NOT NULL,
    by_id uuid NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, notice_id) REFERENCES notices);
CREATE INDEX notice_showings_notice ON notice_showings (organization_id, notice_id, id);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['notices', 'notice_showings'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON notices TO custodian_server;
GRANT SELECT, INSERT ON notice_showings TO custodian_server;
