-- Expand: what happened, written in the transaction that made it happen, and given a place in order after its commit.
CREATE TABLE events (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    type text NOT NULL,
    customer_id uuid,
    concerns uuid[] NOT NULL,
    data jsonb NOT NULL,
    at timestamptz NOT NULL,
    position bigint,
    PRIMARY KEY (organization_id, id));
CREATE UNIQUE INDEX events_position ON events (organization_id, position) WHERE position IS NOT NULL;
COMMENT ON COLUMN events.data IS 'Ids, field keys, codes and counts; no value of a person.';
COMMENT ON COLUMN events.concerns IS 'Accounts of staff whom it concerns themselves.';
COMMENT ON COLUMN events.position IS 'Its place in the organisation''s order, without gaps; none until its transaction is seen to have committed.';

CREATE TABLE event_heads (
    organization_id uuid NOT NULL PRIMARY KEY REFERENCES organizations,
    position bigint NOT NULL);
COMMENT ON TABLE event_heads IS 'The last place given. Its row, held for a transaction, is the fence between instances.';

CREATE TABLE event_queue (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    event_ids uuid[] NOT NULL,
    PRIMARY KEY (organization_id, id));
COMMENT ON TABLE event_queue IS 'What one transaction told and has no place yet, for every instance. Global: who gives places does not know the organisation before it looks; ids only.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['events', 'event_heads'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;

GRANT SELECT, INSERT, DELETE, UPDATE (position) ON events TO custodian_server;
GRANT SELECT, INSERT, UPDATE ON event_heads TO custodian_server;
GRANT SELECT, INSERT, DELETE ON event_queue TO custodian_server;
