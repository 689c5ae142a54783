DROP TABLE export_decoys;
DROP TABLE export_chunks;
DROP TABLE export_members;
DROP TABLE exports;
