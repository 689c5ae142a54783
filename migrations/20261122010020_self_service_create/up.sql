-- Expand: the door of the people whom data is about: who asked for a code, who came in, and what they prefer.
CREATE TABLE self_visits (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    field text NOT NULL,
    tag bytea NOT NULL,
    customer_id uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id));
CREATE INDEX self_visits_by_customer ON self_visits (organization_id, customer_id, created_at) WHERE customer_id IS NOT NULL;
COMMENT ON COLUMN self_visits.tag IS 'Blind index of the contact point that was named; the value is kept nowhere.';
COMMENT ON COLUMN self_visits.customer_id IS 'Set when a code was written; NULL for whoever is not on file.';

CREATE TABLE self_visit_queue (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    created_at timestamptz NOT NULL);
COMMENT ON TABLE self_visit_queue IS 'Visits that wait to be looked up, for every instance. Global: who looks does not know the organisation before; ids only.';

CREATE TABLE self_sessions (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (organization_id, id));
CREATE INDEX self_sessions_by_customer ON self_sessions (organization_id, customer_id);

CREATE TABLE self_preferences (
    organization_id uuid NOT NULL REFERENCES organizations,
    customer_id uuid NOT NULL,
    language text NOT NULL CHECK (language IN ('en', 'zh-CN')),
    version integer NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, customer_id));

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['self_visits', 'self_sessions', 'self_preferences'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON self_visits, self_preferences TO custodian_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON self_sessions TO custodian_server;
GRANT SELECT, INSERT, DELETE ON self_visit_queue TO custodian_server;
