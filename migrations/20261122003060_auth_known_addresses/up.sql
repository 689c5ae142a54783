-- Expand: where people have logged in from, so that strangers who guess do not keep them out.
CREATE TABLE known_addresses (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    address bytea NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, user_id, address),
    FOREIGN KEY (organization_id, user_id) REFERENCES users);
COMMENT ON COLUMN known_addresses.address IS 'Keyed tag of the network address; the address itself is kept nowhere.';
ALTER TABLE known_addresses ENABLE ROW LEVEL SECURITY;
ALTER TABLE known_addresses FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON known_addresses USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON known_addresses TO custodian_server;
