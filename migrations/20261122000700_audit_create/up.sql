-- Expand: the append-only log. The server may insert and select; nothing else.
CREATE TABLE audit_entries (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid,
    actor_id uuid NOT NULL,
    action text NOT NULL,
    verdict text NOT NULL,
    entry bytea NOT NULL,
    mac bytea NOT NULL,
    PRIMARY KEY (organization_id, id));
CREATE INDEX audit_entries_by_customer ON audit_entries (organization_id, customer_id, id) WHERE customer_id IS NOT NULL;
COMMENT ON COLUMN audit_entries.entry IS 'The canonical bytes (RFC 8785). What is hashed is what is stored, never what Postgres renders.';

CREATE TABLE audit_subjects (
    organization_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    PRIMARY KEY (organization_id, customer_id, entry_id));
COMMENT ON TABLE audit_subjects IS 'Which customers an entry about several of them (a list, a search, an import) concerns.';
