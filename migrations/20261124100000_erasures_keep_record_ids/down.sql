DROP TABLE erased_records;
