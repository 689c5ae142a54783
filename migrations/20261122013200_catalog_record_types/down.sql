DROP TABLE catalog_record_types;
