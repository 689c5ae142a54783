-- Expand: keys of tokens come one after another. A new one is known to every instance before it signs; an old one is taken until what it made has ended.
ALTER TABLE signing_keys ADD COLUMN signs_from timestamptz, ADD COLUMN compromised boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN signing_keys.signs_from IS 'From then on new tokens are made with it; as soon as it was made, where there is none.';
COMMENT ON COLUMN signing_keys.retired_at IS 'From then on no token of it is taken. Documents that it signed stay verifiable.';
COMMENT ON COLUMN signing_keys.compromised IS 'Somebody else may have it: no link that it signed is taken any more.';
GRANT UPDATE (retired_at, compromised) ON signing_keys TO custodian_server;
