-- Expand: each partner's key is shown a row about nobody among the others, so that what turns up elsewhere names the key that it was shown to.
CREATE TABLE disclosure_decoys (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    api_key_id uuid NOT NULL,
    stage text,
    region text,
    sealed bytea NOT NULL,
    at timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    retired_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, api_key_id) REFERENCES api_keys);
COMMENT ON TABLE disclosure_decoys IS 'Rows about nobody, each shown to one key alone. Nobody is erased with them, and they outlive their keys.';
COMMENT ON COLUMN disclosure_decoys.sealed IS 'Sealed with the organisation''s data key: the made-up values, by field.';
COMMENT ON COLUMN disclosure_decoys.at IS 'Since when it seems to be on file.';
CREATE UNIQUE INDEX disclosure_decoys_shown ON disclosure_decoys (organization_id, api_key_id) WHERE retired_at IS NULL;

CREATE TABLE disclosure_decoy_values (
    organization_id uuid NOT NULL,
    tag bytea NOT NULL CHECK (length(tag) = 32),
    decoy_id uuid NOT NULL,
    PRIMARY KEY (organization_id, tag),
    FOREIGN KEY (organization_id, decoy_id) REFERENCES disclosure_decoys);
COMMENT ON TABLE disclosure_decoy_values IS 'Values that stand in one decoy alone, by keyed digest: a found one names the key.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['disclosure_decoys', 'disclosure_decoy_values'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON disclosure_decoys TO custodian_server;
GRANT SELECT, INSERT ON disclosure_decoy_values TO custodian_server;
