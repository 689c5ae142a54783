-- Expand: partners that pass on what people ask about their data (OpenDSR 2.0, Data Rights Protocol 1.0), what came in through them, and what they are told.
CREATE TABLE rights_partners (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    version integer NOT NULL,
    protocol text NOT NULL CHECK (protocol IN ('opendsr', 'drp')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    identifier text NOT NULL CHECK (length(identifier) BETWEEN 1 AND 253),
    business_id text CHECK (length(business_id) BETWEEN 1 AND 100),
    key_kind text CHECK (key_kind IN ('certificate', 'ed25519')),
    key_bytes bytea,
    callback_urls text[] NOT NULL,
    vouches boolean NOT NULL,
    jurisdiction text NOT NULL CHECK (jurisdiction IN ('CN', 'EU', 'US-CA')),
    token_digest bytea,
    token_since timestamptz,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, protocol, identifier),
    CHECK ((key_kind IS NULL) = (key_bytes IS NULL)),
    CHECK ((protocol = 'drp') = (business_id IS NOT NULL)),
    CHECK (protocol <> 'drp' OR key_kind = 'ed25519'));
COMMENT ON COLUMN rights_partners.identifier IS 'The domain of an OpenDSR partner, the agent id of a DRP agent.';
COMMENT ON COLUMN rights_partners.token_digest IS 'The token itself is shown once and kept nowhere; its keyed digest is compared.';

CREATE TABLE rights_messages (
    organization_id uuid NOT NULL,
    partner_id uuid NOT NULL,
    digest bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, partner_id, digest),
    FOREIGN KEY (organization_id, partner_id) REFERENCES rights_partners);
COMMENT ON TABLE rights_messages IS 'Signed messages that were taken: a keyed digest each, kept until the message ends by itself, so that none is taken twice.';

CREATE TABLE rights_exchanges (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    partner_id uuid NOT NULL,
    protocol text NOT NULL,
    external_id text CHECK (length(external_id) BETWEEN 1 AND 100),
    asked text NOT NULL,
    naming text NOT NULL CHECK (naming IN ('opendsr', 'opengdpr', 'drp')),
    callback_urls text[] NOT NULL,
    told text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES privacy_requests,
    FOREIGN KEY (organization_id, partner_id) REFERENCES rights_partners);
CREATE UNIQUE INDEX rights_exchanges_external ON rights_exchanges (organization_id, partner_id, external_id) WHERE external_id IS NOT NULL;
COMMENT ON TABLE rights_exchanges IS 'Which request of a person came from which partner, under which id of the partner''s own. Holds nothing of the person.';
COMMENT ON COLUMN rights_exchanges.told IS 'Where the request stood, in the protocol''s words, when the partner was last told.';

CREATE TABLE rights_callbacks (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    exchange_id uuid NOT NULL,
    url text NOT NULL,
    body text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'dropped')),
    failed_tries integer NOT NULL,
    tries jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, exchange_id) REFERENCES rights_exchanges);
CREATE INDEX rights_callbacks_by_exchange ON rights_callbacks (organization_id, exchange_id, id);
COMMENT ON TABLE rights_callbacks IS 'What partners are to be told; queued in the transaction of what it tells. The id is that of the job that tells it.';

ALTER TABLE privacy_requests DROP CONSTRAINT privacy_requests_channel_check;
ALTER TABLE privacy_requests ADD CONSTRAINT privacy_requests_channel_check
    CHECK (channel IN ('email', 'phone', 'letter', 'in_person', 'web', 'self_service', 'opendsr', 'drp'));
ALTER TABLE privacy_requests DROP CONSTRAINT privacy_requests_proof_check;
ALTER TABLE privacy_requests ADD CONSTRAINT privacy_requests_proof_check
    CHECK (proof IN ('code', 'document', 'in_person', 'signed_letter', 'partner'));

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['rights_partners', 'rights_messages', 'rights_exchanges', 'rights_callbacks'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON rights_partners, rights_exchanges TO custodian_server;
GRANT SELECT, INSERT, DELETE ON rights_messages TO custodian_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON rights_callbacks TO custodian_server;
