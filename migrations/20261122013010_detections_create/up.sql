-- Expand: what is counted to notice somebody who tries many doors, and the alarms that come of it.
CREATE TABLE login_probes (
    source bytea NOT NULL,
    account bytea NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (source, account));
CREATE INDEX login_probes_age ON login_probes (at);
COMMENT ON TABLE login_probes IS 'Which accounts log-ins failed for from which network address, for a day. Global: an address tries accounts before an organisation is known; keyed tags only.';

CREATE TABLE detection_probes (
    organization_id uuid NOT NULL REFERENCES organizations,
    actor_id uuid NOT NULL,
    kind text NOT NULL,
    what bytea NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, actor_id, kind, what));
CREATE INDEX detection_probes_age ON detection_probes (organization_id, at);
COMMENT ON COLUMN detection_probes.what IS 'Keyed tag of what was asked for in vain, under a key that no index shares.';

CREATE TABLE alerts (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    rule text NOT NULL,
    actor_kind text,
    actor_id uuid,
    source bytea,
    counted integer NOT NULL CHECK (counted > 0),
    window_seconds integer NOT NULL CHECK (window_seconds > 0),
    raised_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by uuid,
    outcome text CHECK (outcome IN ('confirmed', 'harmless')),
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (organization_id, id),
    CHECK ((actor_id IS NULL) <> (source IS NULL)),
    CHECK ((closed_at IS NULL) = (outcome IS NULL)));
CREATE INDEX alerts_open ON alerts (organization_id, id) WHERE closed_at IS NULL;
CREATE INDEX alerts_by_age ON alerts (organization_id, rule, raised_at);
COMMENT ON COLUMN alerts.source IS 'Keyed tag of the network address, for an alarm about nobody who is known.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['detection_probes', 'alerts'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON login_probes, detection_probes TO custodian_server;
GRANT SELECT, INSERT, UPDATE ON alerts TO custodian_server;
