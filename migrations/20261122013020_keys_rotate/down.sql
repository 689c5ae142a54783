REVOKE UPDATE (retired_at, compromised) ON signing_keys FROM custodian_server;
ALTER TABLE signing_keys DROP COLUMN signs_from, DROP COLUMN compromised;
