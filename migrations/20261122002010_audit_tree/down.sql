DROP TABLE audit_queue, audit_set_aside, audit_tiles, audit_bundles, audit_heads;
