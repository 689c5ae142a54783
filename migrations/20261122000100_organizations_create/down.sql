DROP TABLE signing_keys, credential_lookups, organizations, deployment;
