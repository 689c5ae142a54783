-- Expand: by which contact points a deleted customer is still known to themselves. Their tags leave blind_indexes when they are deleted, but data about them is held
-- until retention or erasure, and so long their rights stand. An older program deletes without leaving these: such a person's requests are filed by id.
CREATE TABLE deleted_contacts (
    organization_id uuid NOT NULL REFERENCES organizations,
    customer_id uuid NOT NULL,
    tag bytea NOT NULL,
    PRIMARY KEY (organization_id, customer_id, tag));
CREATE INDEX deleted_contacts_by_tag ON deleted_contacts (organization_id, tag);
COMMENT ON TABLE deleted_contacts IS 'Blind indexes of addresses and numbers of deleted customers, for their own requests alone; they go with an erasure.';
ALTER TABLE deleted_contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE deleted_contacts FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON deleted_contacts USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON deleted_contacts TO custodian_server;
