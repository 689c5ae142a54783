DROP TABLE import_errors, import_chunks, imports;
