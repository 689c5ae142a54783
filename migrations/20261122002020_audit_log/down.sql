DROP TABLE audit_log_leaves, audit_log_tiles, audit_log_head, audit_log_cosignatures;
