DROP TABLE audit_subjects, audit_entries;
