ALTER TABLE catalog_rebuilds DROP COLUMN record_type;
DROP TABLE record_indexes;
DROP TABLE record_versions;
DROP TABLE records;
