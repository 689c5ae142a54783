REVOKE UPDATE (is_unique) ON blind_indexes FROM custodian_server;
DROP TABLE catalog_rebuilds;
DROP TABLE catalog_field_versions;
DROP TABLE catalog_fields;
DROP TABLE catalogs;
