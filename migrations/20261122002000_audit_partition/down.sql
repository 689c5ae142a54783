ALTER TABLE audit_entries NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_subjects NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_entries RENAME TO audit_entries_parted;
ALTER TABLE audit_subjects RENAME TO audit_subjects_parted;
ALTER INDEX audit_entries_pkey RENAME TO audit_entries_parted_pkey;
ALTER INDEX audit_entries_by_customer RENAME TO audit_entries_parted_by_customer;
ALTER INDEX audit_subjects_pkey RENAME TO audit_subjects_parted_pkey;
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
INSERT INTO audit_entries SELECT * FROM audit_entries_parted;
INSERT INTO audit_subjects SELECT * FROM audit_subjects_parted;
DROP TABLE audit_entries_parted, audit_subjects_parted;
SELECT audit_fence('audit_entries'), audit_fence('audit_subjects');
GRANT SELECT, INSERT ON audit_entries, audit_subjects TO custodian_server;
DROP FUNCTION audit_make_partitions(integer);
DROP FUNCTION audit_fence(text);
DROP FUNCTION audit_month(date);
