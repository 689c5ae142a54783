-- Expand: who heads a department, and a version for changes that must not overwrite each other.
ALTER TABLE departments ADD COLUMN head_id uuid, ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE departments ADD CONSTRAINT departments_head FOREIGN KEY (organization_id, head_id) REFERENCES users;
CREATE INDEX departments_by_parent ON departments (organization_id, parent_id);
CREATE INDEX users_by_department ON users (organization_id, department_id);
GRANT DELETE ON departments TO custodian_server;
