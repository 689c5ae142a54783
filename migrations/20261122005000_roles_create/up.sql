-- Expand: roles that an organisation makes, and the duties that may not meet in one person. Built-in roles are part of the program and stand in no table.
CREATE TABLE roles (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    code text NOT NULL CHECK (code ~ '^[a-z][a-z0-9_]{1,39}$'),
    version integer NOT NULL,
    label_en text NOT NULL CHECK (length(label_en) BETWEEN 1 AND 100),
    label_zh text NOT NULL CHECK (length(label_zh) BETWEEN 1 AND 100),
    permissions text[] NOT NULL,
    data_scope text NOT NULL CHECK (data_scope IN ('own', 'department', 'department_tree', 'region', 'organization')),
    field_rules jsonb NOT NULL,
    purposes text[] NOT NULL,
    reveal_budget integer CHECK (reveal_budget >= 0),
    last4_budget integer CHECK (last4_budget >= 0),
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, code));
COMMENT ON COLUMN roles.field_rules IS 'Array of {"on": "field:..|category:..|classification:..", "view": text or null, "edit": boolean or null, "deny": boolean}.';

CREATE TABLE role_duties (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    first text NOT NULL,
    second text NOT NULL,
    reason text NOT NULL CHECK (length(reason) <= 500),
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, first, second),
    CHECK (first < second));
COMMENT ON TABLE role_duties IS 'Separation of duties. Each side is "permission:<code>" or "role:<code>"; the two stand in order, so that a pair is stored once.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['roles', 'role_duties'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON roles TO custodian_server;
GRANT SELECT, INSERT, DELETE ON role_duties TO custodian_server;
CREATE INDEX user_roles_by_role ON user_roles (organization_id, role_code);
