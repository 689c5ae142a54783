-- Expand: purposes with every version of them, and since when consents count. Purposes that keys or roles name already are taken over, their ground yet unstated.
CREATE TABLE purposes (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'retired')),
    content jsonb NOT NULL,
    consents_from timestamptz NOT NULL DEFAULT 'epoch',
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, code));
COMMENT ON COLUMN purposes.content IS 'The purpose without its code: labels, ground, consent kind, fields, methods, recipients, channels, retention, jurisdictions.';
COMMENT ON COLUMN purposes.consents_from IS 'Consents given before this moment must be renewed.';

CREATE TABLE purpose_versions (
    organization_id uuid NOT NULL,
    purpose_id uuid NOT NULL,
    version integer NOT NULL,
    code text NOT NULL,
    state text NOT NULL,
    content jsonb NOT NULL,
    changed text[] NOT NULL,
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    PRIMARY KEY (organization_id, purpose_id, version),
    FOREIGN KEY (organization_id, purpose_id) REFERENCES purposes);
CREATE INDEX purpose_versions_at ON purpose_versions (organization_id, code, at);

CREATE TABLE purpose_renewals (
    organization_id uuid NOT NULL REFERENCES organizations,
    code text NOT NULL,
    at timestamptz NOT NULL,
    cause text NOT NULL CHECK (cause IN ('purpose', 'notice')),
    reference uuid NOT NULL,
    PRIMARY KEY (organization_id, code, at));
COMMENT ON TABLE purpose_renewals IS 'Each moment from which consents of a purpose had to be given anew, and the version of a purpose or notice that caused it.';

DO $$
DECLARE t text; o uuid;
BEGIN
    FOREACH t IN ARRAY ARRAY['purposes', 'purpose_versions', 'purpose_renewals'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
    FOR o IN SELECT organization_id FROM organizations LOOP
        PERFORM set_config('app.organization_id', o::text, true);
        INSERT INTO purposes (organization_id, id, code, version, state, content, created_at, created_by, updated_at, updated_by)
            SELECT o, gen_random_uuid(), named.code, 1, 'active', jsonb_build_object('labels', jsonb_build_object('en', named.code, 'zh', named.code),
                'description', '', 'legal_basis', 'unstated', 'consent_kind', 'none', 'necessary', false, 'fields', NULL, 'methods', '[]'::jsonb,
                'recipients', '[]'::jsonb, 'channels', '[]'::jsonb, 'retention_days', NULL, 'jurisdictions', '[]'::jsonb, 'dpv', NULL, 'cool_down_days', 0),
                now(), '00000000-0000-0000-0000-000000000000', now(), '00000000-0000-0000-0000-000000000000'
            FROM (SELECT unnest(purposes) AS code FROM api_keys UNION SELECT unnest(purposes) FROM roles) named;
        INSERT INTO purpose_versions (organization_id, purpose_id, version, code, state, content, changed, at, by_id)
            SELECT organization_id, id, version, code, state, content, '{}', created_at, created_by FROM purposes;
    END LOOP;
    PERFORM set_config('app.organization_id', '', true);
END $$;
GRANT SELECT, INSERT, UPDATE ON purposes TO custodian_server;
GRANT SELECT, INSERT ON purpose_versions, purpose_renewals TO custodian_server;
