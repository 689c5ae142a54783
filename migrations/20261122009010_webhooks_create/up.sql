-- Expand: who is told of what happened, each delivery with its tries, and the lane of each webhook.
CREATE TABLE webhooks (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    url text NOT NULL,
    event_types text[] NOT NULL,
    third_party_id uuid,
    purposes text[] NOT NULL,
    scheme text NOT NULL CHECK (scheme IN ('hmac', 'ed25519')),
    sealed_secret bytea NOT NULL,
    previous_secret bytea,
    previous_until timestamptz,
    disabled text CHECK (disabled IN ('by_hand', 'gone', 'failing')),
    failing_since timestamptz,
    delivered_at timestamptz,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    PRIMARY KEY (organization_id, id));
COMMENT ON COLUMN webhooks.sealed_secret IS 'The bytes that sign, sealed under the organisation''s data key.';
COMMENT ON COLUMN webhooks.previous_secret IS 'Those before, sealed alike; they sign beside the present ones until previous_until.';
COMMENT ON COLUMN webhooks.event_types IS 'Codes; empty for every type that it may be told.';
COMMENT ON COLUMN webhooks.purposes IS 'Of a third party''s webhook: the purposes that it hears of people for.';

CREATE TABLE webhook_deliveries (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'dropped')),
    failed_tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    tries jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, webhook_id, event_id),
    FOREIGN KEY (organization_id, webhook_id) REFERENCES webhooks ON DELETE CASCADE);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (organization_id, webhook_id, due_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (organization_id, webhook_id, id);
COMMENT ON COLUMN webhook_deliveries.tries IS 'When, what came of it, the status, and how long it took; nothing of the receiver''s answer.';

CREATE TABLE webhook_lanes (
    webhook_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    due_at timestamptz NOT NULL,
    lease_token uuid,
    lease_until timestamptz);
CREATE INDEX webhook_lanes_due ON webhook_lanes (due_at);
COMMENT ON TABLE webhook_lanes IS 'When each webhook has something to be told next, for senders of every instance: one sender to a lane, so that a slow receiver holds up nobody else. Global: a sender does not know the organisation before it claims; ids only.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['webhooks', 'webhook_deliveries'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON webhooks, webhook_deliveries, webhook_lanes TO custodian_server;
