-- Expand: a browser's EventSource sends no credential of its own; a ticket opens one stream for it, as long as the session lives.
CREATE TABLE event_tickets (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    session_id uuid NOT NULL,
    purpose text,
    issued_at timestamptz NOT NULL,
    position bigint,
    openings integer NOT NULL DEFAULT 0,
    seen_at timestamptz,
    peer inet,
    PRIMARY KEY (organization_id, id));
COMMENT ON COLUMN event_tickets.position IS 'Where its stream began: who comes back without having heard anything goes on from there.';
COMMENT ON COLUMN event_tickets.openings IS 'Counts connections: the newest one is the stream, an older one ends.';
COMMENT ON COLUMN event_tickets.peer IS 'The address that opened it first; it opens for no other.';
CREATE INDEX event_tickets_issued ON event_tickets (organization_id, issued_at);
ALTER TABLE event_tickets ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_tickets FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON event_tickets USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON event_tickets TO custodian_server;
