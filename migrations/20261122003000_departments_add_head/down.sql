REVOKE DELETE ON departments FROM custodian_server;
DROP INDEX departments_by_parent, users_by_department;
ALTER TABLE departments DROP COLUMN head_id, DROP COLUMN version;
