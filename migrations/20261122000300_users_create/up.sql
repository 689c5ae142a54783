-- Expand: people, their departments and roles.
CREATE TABLE departments (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    parent_id uuid,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, parent_id) REFERENCES departments);

CREATE TABLE users (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('invited', 'active', 'suspended', 'offboarded')),
    department_id uuid,
    supervisor_id uuid,
    regions text[] NOT NULL DEFAULT '{}',
    sealed_email bytea NOT NULL,
    sealed_name bytea NOT NULL,
    password_hash text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, department_id) REFERENCES departments,
    FOREIGN KEY (organization_id, supervisor_id) REFERENCES users);
COMMENT ON TABLE users IS 'Staff. Name and address are sealed under the organisation''s data key.';

CREATE TABLE user_roles (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role_code text NOT NULL,
    PRIMARY KEY (organization_id, user_id, role_code),
    FOREIGN KEY (organization_id, user_id) REFERENCES users);
