-- Expand: who works on a customer beside its owner, for a while or for good.
CREATE TABLE customer_collaborators (
    organization_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    user_id uuid NOT NULL,
    added_at timestamptz NOT NULL,
    added_by uuid NOT NULL,
    ends_at timestamptz,
    PRIMARY KEY (organization_id, customer_id, user_id));
CREATE INDEX customer_collaborators_by_user ON customer_collaborators (organization_id, user_id, customer_id);
COMMENT ON COLUMN customer_collaborators.ends_at IS 'In force before this moment, by the database''s clock; without an end for good.';
ALTER TABLE customer_collaborators ENABLE ROW LEVEL SECURITY;
ALTER TABLE customer_collaborators FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON customer_collaborators USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON customer_collaborators TO custodian_server;
